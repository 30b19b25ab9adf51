import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { instrument } from '../../../lib/opentelemetry/index.js';

/** Once OpenTelemetry's SDK has started, which sets the global providers; or with providers of your own. */
export function observe(tracerProvider?: TracerProvider, meterProvider?: MeterProvider): () => void {
  return instrument({ tracerProvider, meterProvider, requireParentSpan: true, keys: 'template' });
}
