import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type MetricFindValue,
} from '@grafana/data';
import { from, map, type Observable } from 'rxjs';
import { lazyTranslated } from './lazy';
import type { EmailJsonData, EmailQuery, VariableQuery } from './types';

type Find = (query: VariableQuery) => Promise<MetricFindValue[]>;

/** Variables makes the values that find gives available to dashboard variables. */
export class Variables extends CustomVariableSupport<DataSourceApi<EmailQuery, EmailJsonData>, VariableQuery> {
  editor = lazyTranslated(() => import(/* webpackChunkName: "variable-editor" */ './components/VariableEditor'));

  constructor(private readonly find: Find) {
    super();
  }

  getDefaultQuery(): Partial<VariableQuery> {
    return { kind: 'recipients' };
  }

  query({ targets }: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    return from(this.find(targets[0])).pipe(map((data) => ({ data })));
  }
}
