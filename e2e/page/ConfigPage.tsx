import { useState } from 'react';
import { Alert, Button } from '@grafana/ui';
import { request } from './services';
import type { Plugin, Settings } from './types';

/** ConfigPage edits a data source, saves it and tests it. */
export function ConfigPage({ plugin, saved }: { plugin: Plugin; saved: Settings }) {
  const [options, setOptions] = useState(saved);
  const [outcome, setOutcome] = useState<{ status: string; message: string }>();
  const Editor = plugin.components.ConfigEditor!;

  const saveAndTest = async () => {
    setOutcome(undefined);
    const url = `/api/datasources/uid/${options.uid}`;
    const { data } = await request<{ datasource: Settings }>({ method: 'PUT', url, data: options });
    const settings = { ...data.datasource, meta: options.meta };
    setOptions(settings);
    const datasource = new plugin.DataSourceClass(settings as never);
    setOutcome(await datasource.testDatasource!().catch((failure: never) => failure));
  };

  return (
    <>
      <Editor options={options} onOptionsChange={setOptions as never} />
      {outcome && (
        <Alert severity={outcome.status === 'success' ? 'success' : 'error'} title={outcome.message} role="status" />
      )}
      <Button data-testid="save-and-test" onClick={() => void saveAndTest()}>
        Save & test
      </Button>
    </>
  );
}
