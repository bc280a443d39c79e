import { settings } from '../relay';
import { expect, test } from '../test';

test('a contact point gets a profile of its own', async ({ operator, page }) => {
  await operator.open(settings({ cc: ['boss@example.com'] }));
  await page.getByRole('button', { name: /^Profiles/ }).click();
  await page.getByRole('button', { name: 'Add a profile' }).click();
  const profile = page.getByRole('listitem').filter({ has: page.getByRole('button', { name: /^profile/ }) });
  await expect(profile.getByRole('textbox', { name: /^Name/ })).toBeFocused();
  await profile.getByRole('textbox', { name: /^Name/ }).fill('on call');
  const row = page.getByRole('listitem').filter({ has: page.getByRole('button', { name: /^on ?call/ }) });
  await row.getByRole('textbox', { name: /^Name/ }).blur();
  await expect(row.getByRole('textbox', { name: /^Name/ })).toHaveAccessibleDescription(/^"on call" cannot be a name/);
  await row.getByRole('textbox', { name: /^Name/ }).fill('oncall');
  // What is left empty shows what the data source has.
  const cc = row.getByRole('textbox', { name: /^Cc/ });
  await expect(cc).toHaveAttribute('placeholder', 'As the data source: boss@example.com');
  await row.getByRole('checkbox', { name: 'Cc: nobody, whatever the data source has' }).check({ force: true });
  await expect(cc).not.toHaveAttribute('placeholder', /data source/);
  await row.getByRole('textbox', { name: /^To/ }).fill('night@example.com');
  await row.getByRole('textbox', { name: /^To/ }).press('Enter');
  await row.getByRole('textbox', { name: /^Header fields/ }).fill('X-Team: platform\nSubject: no');
  await row.getByRole('textbox', { name: /^From name/ }).fill('On call');
  await expect(row.getByRole('textbox', { name: /^Header fields/ })).toHaveAccessibleDescription(
    /^"Subject" cannot be added/,
  );
  await row.getByRole('textbox', { name: /^Header fields/ }).fill('X-Team: platform');
  await row.getByRole('textbox', { name: /^Subject/ }).fill('{{ .State }}, says the profile');
  await row.getByRole('button', { name: 'Show the preview' }).click();
  await expect(row.getByText('mixed, says the profile')).toBeVisible();
  await expect(row.getByRole('button', { name: /^oncall night@example\.com · On call/ })).toBeVisible();

  await row.getByRole('button', { name: 'Duplicate oncall' }).click();
  await expect(page.getByRole('button', { name: /^oncall-2/ })).toHaveAttribute('aria-expanded', 'true');
  await page.getByRole('button', { name: 'Remove oncall-2' }).click();
  await expect(page.getByRole('button', { name: /^oncall-2/ })).toHaveCount(0);
  await expect(
    page
      .getByRole('button', { name: 'Add a profile' })
      .or(page.getByRole('button', { name: /^oncall/ }))
      .first(),
  ).toBeVisible();
  await operator.saveAndTest();
  await expect(page.getByText(/^Connected|accepts the credentials|Result of the test/).first()).toBeVisible();

  // Whatever is sent or made from then on may be of the profile.
  await page.getByRole('combobox', { name: 'Profile' }).click();
  await page.getByRole('option', { name: 'oncall' }).click();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText('The relay took the mail for night@example.com.')).toBeVisible();
});
