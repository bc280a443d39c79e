// The two pages of Grafana that show the plugin: a data source's settings and
// Explore. What Grafana draws around the plugin is left out.
import { createRoot } from 'react-dom/client';
import { getThemeById, ThemeContext } from '@grafana/data';
import { initializeI18n } from '@grafana/i18n/internal';
import { config } from '@grafana/runtime';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { BrowserRouter } from 'react-router-dom-v5-compat';
import { ConfigPage } from './ConfigPage';
import { ExplorePage } from './ExplorePage';
import { loadPlugin } from './loader';
import { provideDataSource, request } from './services';
import type { Settings } from './types';

// Grafana's own messages: they are left out, but a language needs some.
const messages = {
  type: 'backend' as const,
  read: (language: string, _: string, done: (error: null, messages: object) => void) => done(null, { language }),
};

async function main() {
  await initializeI18n({ language: config.bootData.user.language, ns: ['grafana'], module: messages });
  const plugin = await loadPlugin('/public/plugins/nhncloud-email-datasource');

  const [, page, ...rest] = location.pathname.split('/');
  const parameters = new URLSearchParams(location.search);
  const left = JSON.parse(parameters.get('left') ?? '{}');
  const uid = page === 'explore' ? left.datasource : rest.at(-1);
  const { data } = await request<Settings>({ url: `/api/datasources/uid/${uid}` });
  const settings = { ...data, meta: plugin.meta };
  provideDataSource(settings as never);

  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={getThemeById(parameters.get('theme') ?? 'light')}>
      <GlobalStyles />
      <BrowserRouter>
        <main>
          <h1>{settings.name}</h1>
          {page === 'explore' ? (
            <ExplorePage plugin={plugin} settings={settings} queries={left.queries} />
          ) : (
            <ConfigPage plugin={plugin} saved={settings} />
          )}
        </main>
      </BrowserRouter>
      <PortalContainer />
    </ThemeContext.Provider>,
  );
}

void main();
