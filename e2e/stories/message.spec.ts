import { settings } from '../relay';
import { expect, test } from '../test';

test('the mail is previewed as its template changes, in any language', async ({ operator, page }) => {
  await operator.open(settings());
  await page.getByRole('button', { name: /^Message/ }).click();
  await page.getByRole('button', { name: 'Show the preview' }).click();
  const mail = page.frameLocator('iframe[title="The mail"]');
  await expect(mail.getByText('Firing').locator('visible=true').first()).toBeVisible(); // the preheader is not
  await page.getByRole('textbox', { name: /^Subject/ }).fill('{{ .State }}, says the night watch');
  await expect(page.getByText('mixed, says the night watch')).toBeVisible();
  await page.getByRole('radio', { name: '한국어' }).last().check({ force: true });
  await expect(mail.getByText('Firing')).toHaveCount(0);
  await page.getByRole('textbox', { name: /^Subject/ }).fill('{{ .Nothing');
  await expect(page.getByText(/^Line 1, column .*: the template has a mistake/)).toBeVisible();
  await expect(page.getByText('mixed, says the night watch')).toBeVisible(); // the last mail without the mistake
});

test('a mistake in a template is told at its field, in a fold that opens', async ({ operator, page }) => {
  await operator.open(settings({ textTemplate: '{{ .Sate }}' }));
  await operator.saveAndTest();
  const template = page.getByRole('textbox', { name: /^Plain text/ });
  await expect(template).toBeFocused();
  await expect(template).toHaveAccessibleDescription('Line 1, column 4: there is no field Sate here.');
});

test('a test mail shows the reply of the relay', async ({ operator, page }) => {
  await operator.open(settings());
  const recipient = page.getByRole('textbox', { name: 'Recipient', exact: true });
  await recipient.fill('nobody');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText(/^Write user@example\.com or Name/)).toBeVisible();
  await recipient.fill('me@example.org');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText('The relay took the mail for me@example.org.')).toBeVisible();
  await expect(page.getByText(/250 2\.0\.0/)).toBeVisible();
});
