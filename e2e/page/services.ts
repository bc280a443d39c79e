// The services of Grafana that plugins call, as plain as they can be.
import { dateTime, type DataFrame, type DataSourceInstanceSettings, type ScopedVars } from '@grafana/data';
import { setBackendSrv, setDataSourceSrv, setTemplateSrv, type BackendSrvRequest } from '@grafana/runtime';
import { defer } from 'rxjs';

export async function request<T>({ method = 'GET', url, data, headers }: BackendSrvRequest): Promise<{ data: T }> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(data === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  const text = await response.text();
  const answer = { status: response.status, statusText: response.statusText, data: parsed(text) };
  if (!response.ok) {
    throw { ...answer, config: { method, url } };
  }
  return answer;
}

/** parsed is JSON, or what else a server says. */
function parsed(text: string) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return text;
  }
}

setBackendSrv({ fetch: (options: BackendSrvRequest) => defer(() => request(options)) } as never);

/** replace knows what the data links of the plugin ask for: fields of the same row. */
export function replace(text = '', vars: ScopedVars = {}): string {
  const at = vars.__dataContext?.value;
  return text.replaceAll(/\${__data\.fields\.(\w+)}/g, (_, name) => {
    const field = (at?.frame as DataFrame | undefined)?.fields.find((one) => one.name === name);
    return String(field?.values[at?.rowIndex ?? 0]);
  });
}

setTemplateSrv({ replace, getVariables: () => [], containsTemplate: () => false, updateTimeRange() {} });

/** provideDataSource makes a data source known to those who ask by reference. */
export const provideDataSource = (settings: DataSourceInstanceSettings) =>
  setDataSourceSrv({ getInstanceSettings: () => settings } as never);

export const lastHour = () => {
  const raw = { from: 'now-1h', to: 'now' };
  return { from: dateTime().subtract(1, 'hour'), to: dateTime().add(1, 'minute'), raw };
};
