import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { NewRequestRow } from '../store/schema.ts'
import type { LoopDelays } from './loop-delay.ts'

const SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

/** What the gauges read when they are scraped. */
export interface MetricsSources {
  liveExchanges(): number
  /** Upstream ids with 1 for up and 0 for down. */
  upstreamsUp(): Iterable<readonly [id: string, isUp: number]>
  readonly clients: { readonly openCount: number; readonly refusedCount: number }
  readonly rows: { readonly unwrittenCount: number; readonly droppedCount: number }
  /** Bytes held for requests and for whole answers. */
  readonly held: { bodies(): number; answers(): number }
  readonly loopDelay: { take(): LoopDelays }
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
 * Prometheus metrics. Labels take values from fixed lists only (dialect, route pattern, status, error code, wire format,
 * upstream): no key, no model, nothing a caller can invent.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Counter<'dialect' | 'route' | 'status' | 'error'>
  readonly #translated: Counter<'from' | 'to'>
  readonly #duration: Histogram<'dialect' | 'route'>
  readonly #firstByte: Histogram<'dialect' | 'route'>
  readonly #promptTokens: Tally
  readonly #completionTokens: Tally
  readonly #cachedTokens: Tally
  readonly #bytesIn: Tally
  readonly #bytesOut: Tally
  readonly #series = new Map<string, RouteSeries>()
  readonly #translations = new Map<string, Tally>()

  constructor(sources: MetricsSources) {
    const registers = [this.#registry]
    this.#requests = new Counter({
      name: 'punku_requests_total',
      help: 'Exchanges finished, by dialect, route pattern, status and error code.',
      labelNames: ['dialect', 'route', 'status', 'error'],
      registers,
    })
    this.#translated = new Counter({
      name: 'punku_requests_translated_total',
      help: "Of the exchanges finished those whose upstream was asked in another wire format than the client's, by both.",
      labelNames: ['from', 'to'],
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
    this.#gauge('punku_live_exchanges', 'Exchanges under way.', () => sources.liveExchanges())
    this.#addStrain(sources)
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

  #addStrain({ clients, rows, held, loopDelay }: MetricsSources): void {
    this.#gauge('punku_connections', 'Connections of clients that stand.', () => clients.openCount)
    this.#total('punku_connections_refused_total', 'Clients turned away because too many connections stood.', () => {
      return clients.refusedCount
    })
    this.#gauge('punku_unwritten_rows', 'Rows of requests that are not in the database yet.', () => rows.unwrittenCount)
    this.#total(
      'punku_dropped_rows_total',
      'Rows of requests given up because too many waited.',
      () => rows.droppedCount,
    )
    this.#gauge('punku_held_body_bytes', 'Memory held for bodies of requests.', () => held.bodies())
    this.#gauge('punku_held_answer_bytes', 'Memory held for answers that are no streams.', () => held.answers())
    new Gauge({
      name: 'punku_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape: quantiles, 1 is the most.',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect() {
        const { p50, p99, max } = loopDelay.take()
        this.set({ quantile: '0.5' }, p50)
        this.set({ quantile: '0.99' }, p99)
        this.set({ quantile: '1' }, max)
      },
    })
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** A counter that somebody else keeps. */
  #total(name: string, help: string, read: () => number): void {
    let seen = 0
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        const now = read()
        this.inc(now - seen)
        seen = now
      },
    })
  }

  /**
   * Counts one finished exchange.
   * @param format the wire format that its client speaks
   */
  observe(row: NewRequestRow, format: string | undefined): void {
    const series = this.#seriesOf(row)
    series.requests.add(1)
    series.duration.observe(row.duration_ms / 1_000)
    if (row.ttfb_ms !== null) series.firstByte.observe(row.ttfb_ms / 1_000)
    if (row.prompt_tokens !== null) this.#promptTokens.add(row.prompt_tokens)
    if (row.completion_tokens !== null) this.#completionTokens.add(row.completion_tokens)
    if (row.cached_tokens !== null) this.#cachedTokens.add(row.cached_tokens)
    this.#bytesIn.add(row.request_bytes)
    this.#bytesOut.add(row.response_bytes)
    if (row.translated !== null) this.#translationsOf(format ?? '', row.translated).add(1)
  }

  /** The Prometheus text exposition and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    for (const { requests } of this.#series.values()) requests.settle()
    for (const translations of this.#translations.values()) translations.settle()
    const totals = [this.#promptTokens, this.#completionTokens, this.#cachedTokens, this.#bytesIn, this.#bytesOut]
    for (const total of totals) total.settle()
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #translationsOf(from: string, to: string): Tally {
    const name = `${from} ${to}`
    let translations = this.#translations.get(name)
    if (translations === undefined) {
      translations = new Tally(this.#translated.labels({ from, to }))
      this.#translations.set(name, translations)
    }
    return translations
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
