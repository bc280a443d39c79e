import { Combobox, RadioButtonGroup, Stack } from '@grafana/ui';
import { t } from '../i18n';
import { isServiceHost, PORTS, SERVICE_HOST } from '../service';
import type { PortMode } from '../types';
import { ConfigField, NumberField, TextField, WIDTH } from './ConfigField';
import { DiagnoseSection } from './DiagnoseSection';
import { Fold } from './Fold';
import type { Config } from './useConfig';
import { modeName } from './useProbes';

/** ConnectionSection chooses the relay and how TLS begins, and tries the ports. */
export function ConnectionSection({ config, uid }: { config: Config; uid: string }) {
  const { settings } = config;
  const portLabel = t('config.port.label', 'Port');

  // Each mode has ports of its own, so a change of mode takes the new mode's
  // first; a relay of one's own may listen anywhere, but hardly on the same port.
  const setMode = (portMode: PortMode) => config.set({ portMode, port: PORTS[portMode][0] });

  return (
    <Fold
      config={config}
      keys={['host', 'portMode', 'port']}
      title={t('config.connection.title', 'Connection and port check')}
      summary={`${settings.host}:${settings.port}, ${modeName({ mode: settings.portMode, port: settings.port })}`}
    >
      <Stack direction="column" gap={2}>
        <TextField
          config={config}
          name="host"
          label={t('config.host.label', 'Host')}
          description={t('config.host.description', 'Leave it as it is, unless mail goes through a relay of your own.')}
          placeholder={SERVICE_HOST}
        />
        <ConfigField
          config={config}
          name="portMode"
          label={t('config.port-mode.label', 'Encryption')}
          description={t(
            'config.port-mode.description',
            'Both are equally safe: credentials and mail travel over verified TLS only.',
          )}
        >
          <RadioButtonGroup<PortMode>
            id="portMode"
            aria-label={t('config.port-mode.label', 'Encryption')}
            value={settings.portMode}
            onChange={setMode}
            options={[
              {
                value: 'starttls',
                label: t('config.port-mode.starttls', 'STARTTLS'),
                description: t(
                  'config.port-mode.starttls-help',
                  'The connection begins in plain text and is upgraded to TLS.',
                ),
              },
              {
                value: 'tlsWrapper',
                label: t('config.port-mode.wrapper', 'TLS wrapper'),
                description: t('config.port-mode.wrapper-help', 'TLS from the first byte (implicit TLS).'),
              },
            ]}
          />
        </ConfigField>
        {isServiceHost(settings.host) ? (
          <ConfigField
            config={config}
            name="port"
            label={portLabel}
            description={t(
              'config.port.description',
              'Choose another when a firewall blocks this one. Port 25 is often blocked.',
            )}
          >
            <Combobox<number>
              id="port"
              width={WIDTH.short}
              value={settings.port}
              onChange={({ value }) => config.set({ port: value })}
              options={(PORTS[settings.portMode] ?? []).map((port) => ({ value: port, label: String(port) }))}
            />
          </ConfigField>
        ) : (
          <NumberField config={config} name="port" label={portLabel} />
        )}
        <DiagnoseSection config={config} uid={uid} />
      </Stack>
    </Fold>
  );
}
