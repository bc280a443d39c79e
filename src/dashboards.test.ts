import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pluginJson from './plugin.json';
import type { EmailQuery } from './types';

interface Panel {
  title: string;
  transformations?: unknown[];
  targets: Array<EmailQuery & { datasource: { type: string; uid: string } }>;
}

const dashboards = pluginJson.includes.map(({ name, path }) => ({
  name,
  dashboard: JSON.parse(readFileSync(join(__dirname, path), 'utf8')) as {
    title: string;
    panels: Panel[];
    templating: { list: Array<{ name: string; type: string; query: unknown }> };
  },
}));

describe.each(dashboards)('$name', ({ name, dashboard }) => {
  it('has the title that is shown before its import', () => expect(dashboard.title).toBe(name));

  it('works with whichever data source is chosen', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource', query: pluginJson.id }),
    );
    for (const { title, targets } of dashboard.panels) {
      for (const { datasource } of targets) {
        expect([title, datasource]).toEqual([title, { type: pluginJson.id, uid: '${datasource}' }]);
      }
    }
  });

  it('keeps the id of each delivery, which the link to its details asks for', () => {
    const [log] = dashboard.panels.filter(({ title }) => title === 'Deliveries');
    expect(JSON.stringify(log.transformations)).not.toContain('"id":true');
  });

  it('asks only what the backend answers', () => {
    for (const { title, targets } of dashboard.panels) {
      for (const { queryType, recipient, text } of targets) {
        expect(['deliveries', 'stats', 'queue']).toContain(queryType);
        // The statistics have no single mails to look into.
        expect([title, queryType === 'stats' && (recipient ?? text)]).toEqual([
          title,
          queryType === 'stats' && undefined,
        ]);
      }
    }
  });
});
