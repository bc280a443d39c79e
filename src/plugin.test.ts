import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pluginJson from './plugin.json';

it('names only files that are shipped', () => {
  const { logos, screenshots } = pluginJson.info;
  const paths = [logos.small, logos.large, ...screenshots.map(({ path }: { path: string }) => path)];
  expect(paths.filter((path) => !existsSync(join(__dirname, path)))).toEqual([]);
});
