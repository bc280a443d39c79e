import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** provisioned is a sample of provisioning/alerting without its comments. */
export const provisioned = (name: string): string =>
  readFileSync(join(__dirname, '../../provisioning/alerting', name), 'utf8').replaceAll(/^ *#.*\n|^\n/gm, '');
