import { CustomVariableSupport, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { from, map, type Observable } from 'rxjs';
import type { DataSource } from './datasource';
import { lazyTranslated } from './lazy';
import type { VariableQuery } from './types';

/** Variables makes the data source's values available to dashboard variables. */
export class Variables extends CustomVariableSupport<DataSource, VariableQuery> {
  editor = lazyTranslated(() => import(/* webpackChunkName: "variable-editor" */ './components/VariableEditor'));

  constructor(private readonly datasource: DataSource) {
    super();
  }

  getDefaultQuery(): Partial<VariableQuery> {
    return { kind: 'recipients' };
  }

  query({ targets }: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    return from(this.datasource.metricFindQuery(targets[0])).pipe(map((data) => ({ data })));
  }
}
