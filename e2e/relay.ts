import { mkdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';

const CACHE = resolve('node_modules/.cache');
mkdirSync(CACHE, { recursive: true });

/** CA_FILE is where the test relay writes the certificate to trust. */
export const CA_FILE = resolve(CACHE, 'e2e-relay-ca.pem');

/** relay is the test relay, on two of the service's own ports. */
export const relay = {
  // An address of its own, so that nothing else has these ports; only Linux
  // has the whole of 127.0.0.0/8.
  host: process.platform === 'linux' ? '127.0.25.87' : '127.0.0.1',
  serverName: 'smtp-mail.nhncloudservice.com',
  starttls: 2587,
  tlsWrapper: 2465,
  appKey: 'AppKey',
  secretKey: 'SecretKey',
  ca: () => readFileSync(CA_FILE, 'utf8'),
};

/** settings is a data source that mails through the test relay, but for what is changed. */
export const settings = (jsonData: object = {}, secureJsonData: object = {}) => ({
  name: `NHN Cloud Email ${randomUUID().slice(0, 8)}`,
  jsonData: {
    host: relay.host,
    port: relay.starttls,
    serverName: relay.serverName,
    tlsAuthWithCACert: true,
    appKey: relay.appKey,
    fromAddress: 'grafana@example.com',
    to: ['oncall@example.com'],
    ...jsonData,
  },
  secureJsonData: { secretKey: relay.secretKey, tlsCACert: relay.ca(), ...secureJsonData },
});
