// The tests of contact points as Grafana's versions carry them out, where there
// is no Grafana: the notification is real, and so is what our backend says of it.
import type { APIRequestContext, Page, Route } from '@playwright/test';
import type { Alerting } from '../src/test/alerting';
import { send } from './alerts';

/** APIS is the version of the notifications API that each Grafana has. */
const APIS: Record<string, string | undefined> = { '13.1': 'v1beta1', '12.4': 'v0alpha1', '12.3': undefined };

/** VERSIONS of Grafana that test a contact point differently. */
export const VERSIONS = Object.keys(APIS);

/** answerTests has a page's tests of contact points answered as by a version of Grafana. */
export async function answerTests(page: Page, request: APIRequestContext, version: string, alerting: Alerting) {
  /** notify is what the notification of a contact point failed of, in Grafana's words. */
  const notify = async (uid: string, words: (body: string) => string) => {
    const { url, hmacConfig } = alerting.contactPoints.find((one) => one.uid === uid)!.settings;
    const response = await send(request, new URL(url), hmacConfig?.secret);
    const status = `webhook response status ${response.status()} ${response.statusText()}`;
    return response.ok() ? undefined : status + words(await response.text());
  };

  await page.route('/apis/notifications.alerting.grafana.app/*/namespaces/default/receivers/*/test', async (route) => {
    const [api, , , , name] = new URL(route.request().url()).pathname.split('/').slice(3);
    if (api !== APIS[version]) {
      return route.fulfill({ status: 404, contentType: 'text/plain', body: '404 page not found\n' });
    }
    const { integration, alert } = route.request().postDataJSON();
    const contactPoint = alerting.contactPoints.find((one) => one.uid === integration.uid);
    if (contactPoint?.name !== Buffer.from(name, 'base64url').toString()) {
      return refuse(route, 404, 'receiver not found');
    }
    const { type, version: settingsVersion, secureFields } = integration;
    const secrets = ['authorization_credentials', 'hmacConfig.secret'].every((field) => secureFields[field] === true);
    if (type !== 'webhook' || settingsVersion !== 'v1' || !secrets || !alert.labels || !alert.annotations) {
      return refuse(route, 400, 'Invalid request to test the integration');
    }
    const error = await notify(
      integration.uid,
      (body) => `: ${body.length > 1024 ? `${body.slice(0, 1024)}... (truncated)` : body}`,
    );
    return route.fulfill({ json: { status: error ? 'failure' : 'success', duration: '1ms', error } });
  });

  await page.route('/api/alertmanager/grafana/config/api/v1/receivers/test', async (route) => {
    if (version === '13.1') {
      return refuse(route, 410, 'This endpoint has been removed.');
    }
    const [{ name, grafana_managed_receiver_configs: configs }] = route.request().postDataJSON().receivers;
    const error = await notify(configs[0].uid, () => '');
    const config = { name, uid: configs[0].uid, status: error ? 'failed' : 'ok', error };
    return route.fulfill({ json: { receivers: [{ name, grafana_managed_receiver_configs: [config] }] } });
  });
}

const refuse = (route: Route, status: number, message: string) => route.fulfill({ status, json: { message } });
