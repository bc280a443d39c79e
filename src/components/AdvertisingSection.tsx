import { ConfigSubSection } from '@grafana/plugin-ui';
import { Stack } from '@grafana/ui';
import { t } from '../i18n';
import { profilesOf } from '../profiles';
import { TextAreaField, TextField } from './ConfigField';
import { EXAMPLE } from './examples';
import type { Config } from './useConfig';

const KEYS = ['adSenderName', 'adSenderAddress', 'unsubscribeUrl', 'unsubscribeAddress'] as const;

/** AdvertisingSection says who advertises and how to unsubscribe, where mail needs it. */
export function AdvertisingSection({ config }: { config: Config }) {
  const isAd =
    config.settings.mailType === 'ad' || profilesOf(config.jsonData).some(({ mailType }) => mailType === 'ad');
  if (!isAd && !KEYS.some((key) => config.settings[key])) {
    return null;
  }
  return (
    <ConfigSubSection
      title={t('config.ad.title', 'Advertising mail')}
      description={t(
        'config.ad.description',
        'Mail of the type Advertising names its sender and says how to unsubscribe: by a URL, a mail address, or both.',
      )}
    >
      <Stack direction="column" gap={2}>
        <TextField
          config={config}
          name="adSenderName"
          label={t('config.ad-name.label', 'Advertiser')}
          required={isAd}
        />
        <TextAreaField
          config={config}
          name="adSenderAddress"
          label={t('config.ad-address.label', 'Postal address and telephone')}
          rows={3}
          required={isAd}
        />
        <TextField
          config={config}
          name="unsubscribeUrl"
          label={t('config.unsubscribe-url.label', 'Unsubscribe URL')}
          description={t('config.unsubscribe-url.description', 'An https URL that unsubscribes with one click.')}
          placeholder={EXAMPLE.unsubscribeUrl}
        />
        <TextField
          config={config}
          name="unsubscribeAddress"
          label={t('config.unsubscribe-address.label', 'Unsubscribe address')}
          description={t('config.unsubscribe-address.description', 'A mail to it unsubscribes.')}
          placeholder={EXAMPLE.unsubscribeAddress}
        />
      </Stack>
    </ConfigSubSection>
  );
}
