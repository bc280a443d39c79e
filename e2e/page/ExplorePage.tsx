import { useEffect, useMemo, useState } from 'react';
import { firstValueFrom, from } from 'rxjs';
import {
  applyFieldOverrides,
  CoreApp,
  getThemeById,
  LoadingState,
  type DataFrame,
  type DataQueryResponse,
  type PanelData,
} from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import { lastHour, replace } from './services';
import type { Plugin, Settings } from './types';

/** ExplorePage edits one query and shows what it found. */
export function ExplorePage({
  plugin,
  settings,
  queries,
}: {
  plugin: Plugin;
  settings: Settings;
  queries: DataQuery[];
}) {
  const datasource = useMemo(() => new plugin.DataSourceClass(settings as never), [plugin, settings]);
  const [query, setQuery] = useState(queries[0]);
  const [asked, setAsked] = useState(query);
  const [runs, setRuns] = useState(0);
  const [data, setData] = useState<PanelData>();
  const Editor = plugin.components.QueryEditor!;

  useEffect(() => {
    const range = lastHour();
    const ref = { uid: settings.uid, type: settings.type };
    const targets = [{ ...asked, datasource: ref }];
    const request = { app: CoreApp.Explore, range, targets, intervalMs: 60_000, maxDataPoints: 60, scopedVars: {} };
    void firstValueFrom(from(datasource.query(request as never) as Promise<DataQueryResponse>)).then(
      ({ data: series, errors }) => setData({ series, errors, state: LoadingState.Done, timeRange: range }),
    );
  }, [asked, datasource, runs, settings]);

  return (
    <>
      <Editor
        datasource={datasource}
        query={query}
        data={data}
        app={CoreApp.Explore}
        onChange={setQuery}
        onRunQuery={() => {
          setQuery((latest) => {
            setAsked(latest);
            return latest;
          });
          setRuns((before) => before + 1);
        }}
      />
      {data?.errors?.map(({ message }) => (
        <p role="alert" key={message}>
          {message}
        </p>
      ))}
      {data?.series.map((frame) => (
        <Frame key={frame.name} frame={frame} />
      ))}
    </>
  );
}

/** Frame is a table of a frame's values, with their links. */
function Frame({ frame }: { frame: DataFrame }) {
  const [{ name, fields, length }] = applyFieldOverrides({
    data: [frame],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: replace,
    theme: getThemeById('light'),
  });
  return (
    <table aria-label={name}>
      <thead>
        <tr>
          {fields.map((field) => (
            <th key={field.name}>{field.name}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Array.from({ length }, (_, row) => (
          <tr key={row}>
            {fields.map((field) => {
              const text = field.display!(field.values[row]).text;
              const [link] = field.getLinks?.({ valueRowIndex: row }) ?? [];
              return (
                <td key={field.name}>
                  {link ? (
                    <a href={link.href} title={link.title}>
                      {text}
                    </a>
                  ) : (
                    text
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
