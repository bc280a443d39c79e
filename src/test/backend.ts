import { of, throwError, type Observable } from 'rxjs';
import { setBackendSrv, type BackendSrv, type BackendSrvRequest } from '@grafana/runtime';
import { Alerting } from './alerting';

/** Answer is what a faked route says: a body, or a refusal with its status. */
export type Answer = unknown | { refuse: number; data: unknown };
type Route = Answer | ((request: BackendSrvRequest) => Answer);

const isRefusal = (answer: Answer): answer is { refuse: number; data: unknown } =>
  typeof answer === 'object' && answer !== null && 'refuse' in answer;

/** Backend stands for Grafana's server at the HTTP edge: routes by "METHOD path". */
export class Backend {
  requests: Array<{ route: string; data: unknown; headers?: unknown }> = [];
  routes: Record<string, Route> = {};
  /** What answers where there is no route. */
  alerting = new Alerting();

  fetch = (request: BackendSrvRequest): Observable<unknown> => {
    const route = `${request.method} ${request.url}`;
    this.requests.push({ route, data: request.data, headers: request.headers });
    const found = this.routes[route] ?? this.own(request) ?? { refuse: 404, data: { message: `no route ${route}` } };
    const answer = typeof found === 'function' ? (found as (request: BackendSrvRequest) => Answer)(request) : found;
    return isRefusal(answer)
      ? throwError(() => ({ status: answer.refuse, statusText: '', data: answer.data, config: request }))
      : of({ data: answer, status: 200 });
  };

  private own({ method = 'GET', url, data }: BackendSrvRequest): Answer | undefined {
    const answer = this.alerting.answer(method, url, data);
    return answer && (answer.status < 400 ? answer.data : { refuse: answer.status, data: answer.data });
  }

  reset(routes: Record<string, Route>) {
    this.requests = [];
    this.routes = routes;
    this.alerting = new Alerting();
  }
}

export const backend = new Backend();
setBackendSrv(backend as unknown as BackendSrv);
