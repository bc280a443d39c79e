import { useEffect, useMemo, useState } from 'react';
import { firstValueFrom, from } from 'rxjs';
import {
  applyFieldOverrides,
  CoreApp,
  getFieldDisplayName,
  getThemeById,
  LoadingState,
  type DataFrame,
  type DataQueryResponse,
  type Field,
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
      {data?.series.flatMap(({ name, meta }) =>
        meta?.notices?.map(({ text }) => (
          <p role="status" key={`${name} ${text}`}>
            {text}
          </p>
        )),
      )}
      {data?.series.map((frame) => (
        <Frame key={frame.name} frame={frame} />
      ))}
    </>
  );
}

const DEFAULT_WIDTH = 150;
const MARGINS = 48; // of the page beside the table

/** widthsOf are the widths of columns as the table panel has them, which Explore uses since Grafana 13. */
function widthsOf(fields: Field[], room: number): number[] {
  const fixed = fields.map(({ config }): number => config.custom?.width ?? 0);
  const share = (room - fixed.reduce((sum, width) => sum + width, 0)) / fixed.filter((width) => width === 0).length;
  return fields.map(({ config }, i) => fixed[i] || Math.max(config.custom?.minWidth ?? DEFAULT_WIDTH, share));
}

/** Frame is a table of a frame's values, with their links. What a cell has no room for is cut off. */
function Frame({ frame }: { frame: DataFrame }) {
  const [shown] = applyFieldOverrides({
    data: [frame],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: replace,
    theme: getThemeById('light'),
  });
  const { name, fields, length } = shown;
  const widths = widthsOf(fields, window.innerWidth - MARGINS);
  return (
    <table aria-label={name} style={{ tableLayout: 'fixed', width: widths.reduce((sum, width) => sum + width, 0) }}>
      <colgroup>
        {fields.map((field, i) => (
          <col key={field.name} style={{ width: widths[i] }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {fields.map((field) => (
            <th key={field.name}>{getFieldDisplayName(field, shown)}</th>
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
                <td
                  key={field.name}
                  style={{ overflow: 'hidden', whiteSpace: field.config.custom?.wrapText ? 'normal' : 'nowrap' }}
                >
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
