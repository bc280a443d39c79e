// Chunks lie beside module.js, wherever that was loaded from: Grafana under a
// sub path, or a CDN. The loader's `module` knows; the build's default does not.
import * as amd from 'module';

declare let __webpack_public_path__: string;

const { uri } = amd as { uri?: string };
if (uri) {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the bundler reads it
  __webpack_public_path__ = uri.slice(0, uri.lastIndexOf('/') + 1);
}
