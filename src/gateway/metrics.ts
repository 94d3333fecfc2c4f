import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { NewRequestRow } from '../store/schema.ts'

const SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

/** What the gauges read when they are scraped. */
export interface MetricsSources {
  liveExchanges(): number
  /** Upstream ids with 1 for up and 0 for down. */
  upstreamsUp(): Iterable<readonly [id: string, isUp: number]>
}

/** A counter's child, and what is to be added to it at the next scrape: adding costs more than a request should pay. */
class Tally {
  readonly #counter: Counter.Internal
  #pending = 0

  constructor(counter: Counter.Internal) {
    this.#counter = counter
  }

  add(value: number): void {
    this.#pending += value
  }

  settle(): void {
    this.#counter.inc(this.#pending)
    this.#pending = 0
  }
}

interface RouteSeries {
  readonly requests: Tally
  readonly duration: Histogram.Internal<string>
  readonly firstByte: Histogram.Internal<string>
}

/**
 * Prometheus metrics. Labels take values from fixed lists only (dialect, route pattern, status, error code, upstream):
 * no key, no model, nothing a caller can invent.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Counter<'dialect' | 'route' | 'status' | 'error'>
  readonly #duration: Histogram<'dialect' | 'route'>
  readonly #firstByte: Histogram<'dialect' | 'route'>
  readonly #promptTokens: Tally
  readonly #completionTokens: Tally
  readonly #cachedTokens: Tally
  readonly #bytesIn: Tally
  readonly #bytesOut: Tally
  readonly #series = new Map<string, RouteSeries>()

  constructor(sources: MetricsSources) {
    const registers = [this.#registry]
    this.#requests = new Counter({
      name: 'punku_requests_total',
      help: 'Exchanges finished, by dialect, route pattern, status and error code.',
      labelNames: ['dialect', 'route', 'status', 'error'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'punku_request_duration_seconds',
      help: 'From the request line to the last byte of the answer.',
      labelNames: ['dialect', 'route'],
      buckets: SECONDS_BUCKETS,
      registers,
    })
    this.#firstByte = new Histogram({
      name: 'punku_time_to_first_byte_seconds',
      help: 'From the request line to the first byte of the upstream answer.',
      labelNames: ['dialect', 'route'],
      buckets: SECONDS_BUCKETS,
      registers,
    })
    const tokens = new Counter({
      name: 'punku_tokens_total',
      help: 'Tokens metered, estimates included.',
      labelNames: ['type'],
      registers,
    })
    this.#promptTokens = new Tally(tokens.labels({ type: 'prompt' }))
    this.#completionTokens = new Tally(tokens.labels({ type: 'completion' }))
    this.#cachedTokens = new Tally(tokens.labels({ type: 'cached' }))
    const bytes = new Counter({
      name: 'punku_body_bytes_total',
      help: 'Body bytes received from and sent to clients.',
      labelNames: ['direction'],
      registers,
    })
    this.#bytesIn = new Tally(bytes.labels({ direction: 'in' }))
    this.#bytesOut = new Tally(bytes.labels({ direction: 'out' }))
    new Gauge({
      name: 'punku_live_exchanges',
      help: 'Exchanges under way.',
      registers,
      collect() {
        this.set(sources.liveExchanges())
      },
    })
    new Gauge({
      name: 'punku_upstream_up',
      help: '1 when the last probe of the upstream got an answer.',
      labelNames: ['upstream'],
      registers,
      collect() {
        this.reset()
        for (const [upstream, isUp] of sources.upstreamsUp()) this.set({ upstream }, isUp)
      },
    })
  }

  /** Counts one finished exchange. */
  observe(row: NewRequestRow): void {
    const series = this.#seriesOf(row)
    series.requests.add(1)
    series.duration.observe(row.duration_ms / 1_000)
    if (row.ttfb_ms !== null) series.firstByte.observe(row.ttfb_ms / 1_000)
    if (row.prompt_tokens !== null) this.#promptTokens.add(row.prompt_tokens)
    if (row.completion_tokens !== null) this.#completionTokens.add(row.completion_tokens)
    if (row.cached_tokens !== null) this.#cachedTokens.add(row.cached_tokens)
    this.#bytesIn.add(row.request_bytes)
    this.#bytesOut.add(row.response_bytes)
  }

  /** The Prometheus text exposition and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    for (const { requests } of this.#series.values()) requests.settle()
    const totals = [this.#promptTokens, this.#completionTokens, this.#cachedTokens, this.#bytesIn, this.#bytesOut]
    for (const total of totals) total.settle()
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #seriesOf(row: NewRequestRow): RouteSeries {
    const error = row.error_code ?? ''
    const name = `${row.dialect} ${row.route} ${row.status} ${error}`
    let series = this.#series.get(name)
    if (series === undefined) {
      const labels = { dialect: row.dialect, route: row.route }
      series = {
        requests: new Tally(this.#requests.labels({ ...labels, status: String(row.status), error })),
        duration: this.#duration.labels(labels),
        firstByte: this.#firstByte.labels(labels),
      }
      this.#series.set(name, series)
    }
    return series
  }
}
