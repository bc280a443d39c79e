import { lazy, Suspense, type ComponentType } from 'react';
import { LoadingPlaceholder } from '@grafana/ui';
import { translations } from './i18n';

/**
 * lazyTranslated is a component in a chunk of its own, rendered once its code
 * and the translations that Grafana loaded for the plugin are there.
 */
export function lazyTranslated<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  const Lazy = lazy(async () => {
    await translations();
    return load();
  }) as unknown as ComponentType<P>;
  return function LazyTranslated(props: P) {
    return (
      <Suspense fallback={<LoadingPlaceholder text="" />}>
        <Lazy {...props} />
      </Suspense>
    );
  };
}
