// The tests of contact points as Grafana's versions carry them out, where there
// is no Grafana: the notification is real, and so is what our backend says of it.
import type { APIRequestContext, Page, Route } from '@playwright/test';
import { send } from './alerts';

/** APIS is the version of the notifications API that each Grafana has. */
const APIS: Record<string, string | undefined> = { '13.1': 'v1beta1', '12.4': 'v0alpha1', '12.3': undefined };

/** VERSIONS of Grafana that test a contact point differently. */
export const VERSIONS = Object.keys(APIS);

interface ContactPoint {
  uid: string;
  name: string;
  secret: string;
}

/** answerTests has a page's tests of the contact point that it makes answered as by a version of Grafana. */
export async function answerTests(page: Page, request: APIRequestContext, version: string, dataSource: string) {
  let contactPoint: ContactPoint | undefined;
  page.on('response', async (response) => {
    if (response.request().method() === 'POST' && response.url().endsWith('/contact-points')) {
      const { name, settings } = response.request().postDataJSON();
      contactPoint = { uid: (await response.json()).uid, name, secret: settings.hmacConfig.secret };
    }
  });

  /** notify is what the notification failed of, in Grafana's words. */
  const notify = async (words: (body: string) => string) => {
    const response = await send(request, dataSource, contactPoint!.secret);
    const status = `webhook response status ${response.status()} ${response.statusText()}`;
    return response.ok() ? undefined : status + words(await response.text());
  };

  await page.route('/apis/notifications.alerting.grafana.app/*/namespaces/default/receivers/*/test', async (route) => {
    const [api, , , , name] = new URL(route.request().url()).pathname.split('/').slice(3);
    if (api !== APIS[version]) {
      return route.fulfill({ status: 404, contentType: 'text/plain', body: '404 page not found\n' });
    }
    const { integration, alert } = route.request().postDataJSON();
    if (Buffer.from(name, 'base64url').toString() !== contactPoint?.name || integration.uid !== contactPoint.uid) {
      return refuse(route, 404, 'receiver not found');
    }
    const { type, version: settingsVersion, secureFields } = integration;
    const secrets = ['authorization_credentials', 'hmacConfig.secret'].every((field) => secureFields[field] === true);
    if (type !== 'webhook' || settingsVersion !== 'v1' || !secrets || !alert.labels || !alert.annotations) {
      return refuse(route, 400, 'Invalid request to test the integration');
    }
    const error = await notify((body) => `: ${body.length > 1024 ? `${body.slice(0, 1024)}... (truncated)` : body}`);
    return route.fulfill({ json: { status: error ? 'failure' : 'success', duration: '1ms', error } });
  });

  await page.route('/api/alertmanager/grafana/config/api/v1/receivers/test', async (route) => {
    if (version === '13.1') {
      return refuse(route, 410, 'This endpoint has been removed.');
    }
    const error = await notify(() => '');
    const config = { name: contactPoint!.name, uid: '', status: error ? 'failed' : 'ok', error };
    return route.fulfill({ json: { receivers: [{ name: config.name, grafana_managed_receiver_configs: [config] }] } });
  });
}

const refuse = (route: Route, status: number, message: string) => route.fulfill({ status, json: { message } });
