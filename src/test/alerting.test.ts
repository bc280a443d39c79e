import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Alerting } from './alerting';

interface Exchange {
  method: string;
  path: string;
  request?: unknown;
  status: number;
  response: unknown;
}

const recorded: Record<string, Exchange[]> = JSON.parse(
  readFileSync(join(__dirname, '../../e2e/recorded/grafana-12.3.json'), 'utf8'),
);

/** shapeOf is a value with its words left out; an array is as its first element. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    return value.slice(0, 1).map(shapeOf);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
  }
  return typeof value;
};

it('answers in the shape that a Grafana 12.3 answered in', () => {
  const alerting = new Alerting();
  alerting.folders.push({ uid: 'folder', title: 'NHN Cloud Email' });
  const [exchanges, refusals] = Object.values(recorded);
  let account = '';
  for (const { method, path, request, status, response } of exchanges) {
    const url = path.replace('/19/', `/${account}/`);
    const answer = alerting.answer(method, url, request);
    if (!answer) {
      continue; // the test of a contact point is e2e/receivers.ts's
    }
    expect([path, answer.status]).toEqual([path, status]);
    if (Array.isArray(response)) {
      expect(answer.data).toHaveLength(response.length);
    } else {
      // It may say less than Grafana, and nothing else.
      const { tokens: _, data: __, ...shape } = shapeOf(answer.data) as Record<string, unknown>;
      expect(shapeOf(response)).toMatchObject(shape);
    }
    account ||= String((answer.data as { id: number }).id);
  }
  const [{ method, path, request, status, response }] = refusals;
  expect(alerting.answer(method, path, request)).toEqual({
    status,
    data: { message: (response as { message: string }).message },
  });
});
