/** zones are the time zones that a mail may have, for a choice. */
export const zones = () =>
  ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')].map((value) => ({ value }));
