// What browsers have and jsdom lacks.
import { webcrypto } from 'node:crypto';
import { TextDecoder, TextEncoder } from 'node:util';

class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}

Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
Object.assign(globalThis, {
  TextDecoder,
  TextEncoder,
  ResizeObserver: Observer,
  IntersectionObserver: Observer,
  matchMedia: (media: string) => ({ media, matches: false, addEventListener() {}, removeEventListener() {} }),
});

// Comboboxes measure their text, and virtual lists their height: jsdom lays
// nothing out, so every element is given the same room.
const rect = { x: 0, y: 0, top: 0, left: 0, bottom: 300, right: 300, width: 300, height: 300, toJSON: () => '' };
Object.defineProperties(HTMLElement.prototype, {
  clientHeight: { get: () => rect.height },
  clientWidth: { get: () => rect.width },
  offsetHeight: { get: () => rect.height },
  offsetWidth: { get: () => rect.width },
  getBoundingClientRect: { value: () => rect },
});
Object.defineProperty(HTMLCanvasElement.prototype, 'getContext', {
  value: () => ({ measureText: (text: string) => ({ width: 8 * text.length }) }),
});
