// The stories in e2e/stories, in a browser: on the Grafana at GRAFANA_URL, or
// without it on a page that loads dist/ as Grafana does, with the calls answered
// by the plugin process (internal/plugintest/browser).
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from '@playwright/test';
import type { PluginOptions } from '@grafana/plugin-e2e';
import { CA_FILE, relay } from './e2e/relay';

const grafana = process.env.GRAFANA_URL;
const chromium = '/usr/bin/chromium'; // Debian's; elsewhere Playwright has its own

const startRelay = {
  command: `go run ./internal/relaytest/relay -address ${relay.host} -starttls-port ${relay.starttls} -tls-wrapper-port ${relay.tlsWrapper} -ca-file ${CA_FILE}`,
  wait: { stdout: /STARTTLS on/ },
};
const startService = {
  command: 'go run ./internal/servicetest/service',
  wait: { stdout: /the API is at (?<e2e_service_url>http:\S+)/ },
};
// The folder whose packages of Grafana the page is made of (go tool mage testGrafana13).
const packages = process.env.GRAFANA_PACKAGES ?? '.';
const startPage = {
  command: `npx rspack build -c ${packages}/e2e/page/rspack.config.js && go run ./internal/plugintest/browser -page ${packages}/node_modules/.cache/e2e-page`,
  wait: { stdout: /serving on (?<e2e_page_url>http:\S+)/ },
};
// A slow machine is no failure, and what is started here is stopped here.
const patience = { timeout: 300_000, gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 } } as const;

export default defineConfig<PluginOptions>({
  testDir: 'e2e/stories',
  outputDir: 'test-results',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  workers: 1,
  reporter: 'list',
  webServer: [startRelay, startService, ...(grafana ? [] : [startPage])].map((server) => ({ ...server, ...patience })),
  use: {
    baseURL: grafana,
    viewport: { width: 1280, height: 1000 },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: existsSync(chromium) ? chromium : undefined,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    },
  },
  projects: grafana
    ? [
        { name: 'sign in', testDir: resolve('node_modules/@grafana/plugin-e2e/dist/auth'), testMatch: /\.js$/ },
        {
          name: 'grafana',
          dependencies: ['sign in'],
          use: { storageState: `playwright/.auth/${process.env.GRAFANA_ADMIN_USER ?? 'admin'}.json` },
        },
      ]
    : [{ name: 'page' }],
});
