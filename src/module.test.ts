import { DataSourcePlugin } from '@grafana/data';
import { plugin } from './module';

it('is a data source plugin with its editors', () => {
  expect(plugin).toBeInstanceOf(DataSourcePlugin);
  expect(plugin.components.ConfigEditor).toBeDefined();
  expect(plugin.components.QueryEditor).toBeDefined();
});
