import { relay, settings } from '../relay';
import { expect, test } from '../test';

test('a data source is set up from nothing, and Save & test shows every step', async ({ operator, page }) => {
  const enter = (label: string, value: string) =>
    page.getByRole('textbox', { name: new RegExp(`^${label}`) }).fill(value);

  await operator.open({ name: settings().name });
  await enter('Host', relay.host);
  await page.getByRole('spinbutton', { name: /^Port/ }).fill(String(relay.starttls));
  await enter('AppKey', relay.appKey);
  await page.getByLabel(/^SecretKey/).fill(relay.secretKey);
  await enter('From address', 'grafana@example.com');
  await enter('To', 'on call');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^"on call" is not a mail address/)).toBeVisible();
  await page.getByRole('button', { name: 'Edit on call' }).click();
  await expect(page.getByRole('textbox', { name: /^To/ })).toHaveValue('on call');
  await enter('To', 'On call <oncall@example.com>');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove On call <oncall@example.com>' })).toBeVisible();
  await page.getByRole('button', { name: 'Advanced' }).click();
  await page.getByText('Trust only this CA certificate').click();
  await enter('CA certificate', relay.ca());
  await enter('Server name', relay.serverName);
  await operator.saveAndTest();

  const steps = page.getByRole('table', { name: 'Handshake with the relay' });
  await expect(steps.getByRole('row', { name: /^Authentication Passed .* 235/ })).toBeVisible();
  await expect(page.getByText(/^TLS 1.3/)).toBeVisible();
  await expect(page.getByText('Mechanism: PLAIN')).toBeVisible();

  await page.reload();
  await expect(page.getByRole('textbox', { name: /^AppKey/ })).toHaveValue(relay.appKey);
  await expect(page.getByLabel(/^SecretKey/)).toHaveValue('configured');
  await expect(page.getByLabel(/^SecretKey/)).toBeDisabled();
});

test('Save & test marks what is not valid, in words, and takes the keyboard there', async ({ operator, page }) => {
  await operator.open(settings({ fromAddress: 'grafana', serverName: 'a b' }));
  const from = page.getByRole('textbox', { name: /^From address/ });
  await expect(from).toHaveAccessibleDescription(/^"grafana" is not a mail address/);
  await operator.saveAndTest();
  await expect(page.getByText(/^Some settings are not valid. "grafana" is not a mail address/)).toBeVisible();
  await expect(from).toBeFocused();
  const serverName = page.getByRole('textbox', { name: /^Server name/ }); // in a fold, which the problem opened
  await expect(serverName).toHaveAccessibleDescription(/^"a b" is not a host name/);

  await from.fill('grafana@example.com');
  await serverName.fill(relay.serverName);
  await page.keyboard.press('Tab');
  await expect(page.locator('[aria-invalid=true]')).toHaveCount(0);
  await operator.saveAndTest();
  await expect(page.getByRole('table', { name: 'Handshake with the relay' })).toBeVisible();
});

test('Save & test says which step failed, in the words of the relay, and the remedy', async ({ operator, page }) => {
  await operator.open(settings({}, { secretKey: 'mistyped' }));
  await operator.saveAndTest();
  await expect(page.getByText('Failed at: Authentication')).toBeVisible();
  const steps = page.getByRole('table', { name: 'Handshake with the relay' });
  await expect(steps.getByRole('row', { name: /^Authentication Failed .* 535/ })).toBeVisible();
  await expect(page.getByText(/^Check the AppKey and SecretKey in the NHN Cloud console/)).toBeVisible();
});

test('Diagnose finds the port that works, and takes it over', async ({ operator, page }) => {
  await operator.open(settings({ portMode: 'tlsWrapper', port: 465 }));
  await page.getByRole('button', { name: 'Try all ports' }).click();
  const ports = page.getByRole('table', { name: 'Ports of the relay' });
  await expect(ports.getByRole('row', { name: /^2587 STARTTLS Works/ })).toBeVisible();
  await expect(ports.getByRole('row', { name: /^2465 TLS wrapper Works/ })).toBeVisible();
  await expect(ports.getByRole('row', { name: /^465 TLS wrapper dial.* In use/ })).toBeVisible();
  await page.getByRole('button', { name: 'Use port 2465' }).click();
  await operator.saveAndTest();
  const steps = page.getByRole('table', { name: 'Handshake with the relay' });
  await expect(steps.getByRole('row', { name: /^Authentication Passed/ })).toBeVisible();
});
