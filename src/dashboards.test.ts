import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pluginJson from './plugin.json';
import { SERVICE_EVENTS, SERVICE_STATUSES } from './service';
import type { EmailQuery } from './types';

interface Panel {
  type: string;
  title: string;
  description?: string;
  transformations?: unknown[];
  fieldConfig: { defaults: { noValue?: string } };
  targets: Array<EmailQuery & { datasource: { type: string; uid: string } }>;
}

const dashboards = pluginJson.includes.map(({ name, path }) => {
  const dashboard = JSON.parse(readFileSync(join(__dirname, path), 'utf8')) as {
    title: string;
    panels: Panel[];
    annotations: { list: Array<{ target?: EmailQuery }> };
    templating: { list: Array<{ name: string; type: string; query: unknown }> };
  };
  // A row has a title and asks nothing.
  return { name, dashboard: { ...dashboard, panels: dashboard.panels.filter(({ type }) => type !== 'row') } };
});

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

  it('says of every panel what it shows', () => {
    for (const { title, description } of dashboard.panels) {
      expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
    }
  });

  it('counts mail that reached only some recipients as no success, and marks it', () => {
    const asked = (wanted: string) =>
      dashboard.panels.find(({ title }) => title === wanted)?.targets.map(({ status }) => status);
    expect(asked('Sent')).toEqual([['sent']]);
    expect(asked('Partly delivered')).toEqual([['partial']]);
    expect(asked('Success ratio')).toEqual([['sent'], ['sent', 'partial', 'failed', 'expired']]);
    expect(dashboard.annotations.list.at(-1)?.target?.status).toContain('partial');
  });

  it('keeps the id of each delivery, which the link to its details asks for', () => {
    const [log] = dashboard.panels.filter(({ title }) => title === 'Deliveries');
    expect(JSON.stringify(log.transformations)).not.toContain('"id":true');
  });

  it('asks only what the backend answers', () => {
    for (const { title, targets } of dashboard.panels) {
      for (const { queryType, recipient, text } of targets) {
        expect(['deliveries', 'stats', 'queue', 'serviceStats', 'serviceMails']).toContain(queryType);
        // The statistics have no single mails to look into.
        expect([title, queryType === 'stats' && (recipient ?? text)]).toEqual([
          title,
          queryType === 'stats' && undefined,
        ]);
      }
    }
  });

  it('says in the panels of the service what to do where nothing is asked', () => {
    const asking = dashboard.panels.filter(({ targets }) =>
      targets.some(({ queryType }) => queryType?.startsWith('service')),
    );
    expect(asking.map(({ title }) => title)).toContain('These people do not get your mail');
    for (const { title, targets, fieldConfig } of asking) {
      expect([title, fieldConfig.defaults.noValue]).toEqual([title, expect.stringContaining('serviceResults')]);
      for (const { queryType, status = [], measure } of targets) {
        const words: readonly string[] = queryType === 'serviceMails' ? SERVICE_STATUSES : SERVICE_EVENTS;
        expect(words).toEqual(expect.arrayContaining([...status, ...(measure ? [measure] : [])]));
      }
    }
  });
});
