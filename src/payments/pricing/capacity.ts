/**
 * Planning: what a load costs a caller a day, and what a machine earns a provider. Pure arithmetic over stated assumptions;
 * every number that was not given is named in the result.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { adjust } from './adjust.js'
import { reservationTokens } from './balance.js'
import { priceTokens, type TokenPrices } from './token-counts.js'

const DAY_SECONDS = 86_400

/** A load. Tokens are raw, as OpenAI's usage counts them. */
export interface LoadInput {
  readonly model: string
  readonly requestsPerDay: number
  /** A request. */
  readonly promptTokens: number
  readonly completionTokens: number
  /** Part of the prompt tokens. Default 0. */
  readonly cachedTokens?: number | undefined
  /** Part of the completion tokens. Default 0. */
  readonly reasoningTokens?: number | undefined
  /** How long a request runs, seconds. Default: 2 s and a second for 40 completion tokens. */
  readonly secondsPerRequest?: number | undefined
  /** Busiest minute over the average one. Default 4. */
  readonly peakFactor?: number | undefined
  /** Highest coefficient allowed, 1/1000. Default 4000. */
  readonly maxCoefficient?: number | undefined
}

/** The market, as far as it is known. */
export interface MarketInput {
  readonly prices: TokenPrices
  /** Workers of the model at one proxy. */
  readonly workers: readonly { readonly coefficient: number; readonly maxActiveRequests: number }[]
  /** Proxies that could be used. */
  readonly knownProxies: number
}

/** A plan of a caller. */
export interface LoadPlan {
  readonly model: string
  /** Nanotons a day at the middle coefficient of the workers that are allowed. */
  readonly expectedNanoPerDay: bigint
  /** The same at the lowest and the highest of them. */
  readonly lowestNanoPerDay: bigint
  readonly highestNanoPerDay: bigint
  /** Requests at once in the busiest minute. */
  readonly concurrency: number
  /** Proxies that have slots for it; each needs a channel of its own. */
  readonly proxies: number
  /** Stake that one channel needs so that no request waits for a charge, nanotons. */
  readonly stakePerProxyNano: bigint
  /** Deposit that one channel needs: the stake and a day of use, nanotons. */
  readonly depositPerProxyNano: bigint
  readonly warnings: readonly string[]
  readonly assumptions: readonly string[]
}

function checkNumber(name: string, value: number, most = 1e12): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= most) return value
  throw new CocoonError('ERR_OPTIONS', `${name} must be a number from 0 to ${most}`, { phase: 'options', field: name })
}

/** Seconds until use becomes a charge on chain: a commit every 30–60 s (pricing.md §7), its transaction, and a margin. */
const SETTLEMENT_SECONDS = 300

/**
 * Plans a load.
 *
 * Stake: use that is not charged yet may not exceed it (pricing.md §4), and a client submits charges at a half of it; so it
 * is twice the use of the settlement time in the busiest minute, and what running requests reserve.
 *
 * @throws CocoonError `ERR_OPTIONS` for a number that is none.
 */
export function planLoad(input: LoadInput, market: MarketInput): LoadPlan {
  const requestsPerDay = checkNumber('requestsPerDay', input.requestsPerDay)
  const prompt = Math.ceil(checkNumber('promptTokens', input.promptTokens))
  const completion = Math.ceil(checkNumber('completionTokens', input.completionTokens))
  const cached = Math.min(prompt, Math.ceil(checkNumber('cachedTokens', input.cachedTokens ?? 0)))
  const reasoning = Math.min(completion, Math.ceil(checkNumber('reasoningTokens', input.reasoningTokens ?? 0)))
  const seconds = checkNumber('secondsPerRequest', input.secondsPerRequest ?? 2 + completion / 40)
  const peakFactor = checkNumber('peakFactor', input.peakFactor ?? 4)
  const maxCoefficient = checkNumber('maxCoefficient', input.maxCoefficient ?? 4000, 2 ** 31 - 1)
  const { prices, workers, knownProxies } = market
  const allowed = workers.filter(({ coefficient }) => coefficient <= maxCoefficient)
  const coefficients = allowed.map(({ coefficient }) => coefficient).toSorted((a, b) => a - b)
  const middle = coefficients[Math.floor(coefficients.length / 2)] ?? Math.min(1000, maxCoefficient)
  const raw = {
    prompt: BigInt(prompt),
    cached: BigInt(cached),
    completion: BigInt(completion),
    reasoning: BigInt(reasoning)
  }
  const requests = BigInt(Math.ceil(requestsPerDay))
  const tokensAt = (coefficient: number): bigint => priceTokens(raw, coefficient, prices.multipliers).total
  const perDay = (coefficient: number): bigint => tokensAt(coefficient) * requests * prices.pricePerTokenNano
  const perSecondPeak = (requestsPerDay / DAY_SECONDS) * peakFactor
  const concurrency = Math.max(1, Math.ceil(perSecondPeak * seconds))
  const slots = allowed.reduce((sum, { maxActiveRequests }) => sum + maxActiveRequests, 0)
  const proxies = slots === 0 ? 1 : Math.ceil(concurrency / slots)
  const share = BigInt(proxies)
  const highest = coefficients.at(-1) ?? middle
  const unsettled = BigInt(Math.ceil(perSecondPeak * SETTLEMENT_SECONDS)) * tokensAt(highest)
  // Bytes of the request: four a token, and its frame.
  const reserved = reservationTokens(
    Math.min(completion, 2 ** 31 - 1),
    Math.min(prompt * 4 + 512, 2 ** 31 - 1),
    maxCoefficient
  )
  const stakeTokens = (2n * unsettled + BigInt(concurrency) * reserved) / share + 1n
  const stakePerProxyNano = stakeTokens * prices.pricePerTokenNano
  return {
    model: input.model,
    expectedNanoPerDay: perDay(middle),
    lowestNanoPerDay: perDay(coefficients[0] ?? middle),
    highestNanoPerDay: perDay(highest),
    concurrency,
    proxies,
    stakePerProxyNano,
    depositPerProxyNano: stakePerProxyNano + perDay(highest) / share,
    warnings: [
      ...(workers.length === 0 ? ['no worker of this model is known now'] : []),
      ...(workers.length > 0 && allowed.length === 0 ? ['every worker now costs more than maxCoefficient'] : []),
      ...(proxies > knownProxies ? [`${proxies} proxies would be needed, ${knownProxies} are known`] : [])
    ],
    assumptions: [
      `coefficient ${middle / 1000}: ${coefficients.length === 0 ? 'the base price' : 'the middle one of the workers at the connected proxy'}`,
      `a request runs ${seconds} s; the busiest minute has ${peakFactor} times the average load`,
      `charges reach the chain within ${SETTLEMENT_SECONDS} s`,
      'all proxies offer what the connected one offers',
      'fees of chain messages (about 0.01 TON each) are not included'
    ]
  }
}

/**
 * Graphics processors that confidential workers run on: memory in GB and its bandwidth in GB/s. Only figures with a source:
 * H100 PCIe: NVIDIA product brief PB-11133-001_v02 (80 GB; more than 2,000 GB/s). H100 SXM, H200: NVIDIA's figures as
 * AnandTech reports them from SC23 (article 21136: 80 GB and 3.35 TB/s, 141 GB and 4.8 TB/s). B200: memory from NVIDIA's
 * DGX B200 user guide (eight with 1,440 GB); bandwidth from the bus width and clock that the driver reports (pytorch/ao
 * pull request 4002: 7.67 TB/s), a little below the 8 TB/s of advertisements.
 */
export const KNOWN_GPUS: Readonly<Record<string, { readonly vramGb: number; readonly bandwidthGbPerSecond: number }>> =
  {
    'H100 SXM': { vramGb: 80, bandwidthGbPerSecond: 3350 },
    'H100 PCIe': { vramGb: 80, bandwidthGbPerSecond: 2000 },
    H200: { vramGb: 141, bandwidthGbPerSecond: 4800 },
    B200: { vramGb: 180, bandwidthGbPerSecond: 7670 }
  }

/** A machine and what it should serve. */
export interface WorkerPlanInput {
  /** A name of {@link KNOWN_GPUS}; another one needs `vramGb` and `tokensPerSecond`. */
  readonly gpu: string
  readonly gpus?: number | undefined
  /** Memory of one, GB. Default from the table. */
  readonly vramGb?: number | undefined
  readonly model: {
    readonly name: string
    /** Billions. */
    readonly parametersB: number
    /** Billions that one token passes through (mixtures of experts). Default: all. */
    readonly activeParametersB?: number | undefined
    /** Bits per weight. Default 8. */
    readonly bitsPerWeight?: number | undefined
    /** KV cache a token, bytes. Default 131,072. */
    readonly kvBytesPerToken?: number | undefined
  }
  /** Tokens of context that one request holds. Default 8192. */
  readonly contextTokens?: number | undefined
  /** Measured completion tokens a second over all requests. Default: estimated from bandwidth. */
  readonly tokensPerSecond?: number | undefined
  /** Prompt tokens for each completion token. Default 4. */
  readonly promptPerCompletion?: number | undefined
  /** Share of the day with work. Default 0.3. */
  readonly utilisation?: number | undefined
  /** Own coefficient, 1/1000. Default 1000. */
  readonly coefficient?: number | undefined
  readonly prices: TokenPrices
}

/** A plan of a provider. */
export interface WorkerPlan {
  readonly fits: boolean
  readonly weightsGb: number
  readonly freeGb: number
  /** Requests at once that the KV cache has room for. */
  readonly maxActiveRequests: number
  readonly tokensPerSecond: number
  /** 1/1000. */
  readonly coefficient: number
  /** What the worker contract is credited with in a day, nanotons. */
  readonly expectedNanoPerDay: bigint
  readonly assumptions: readonly string[]
}

/** Share of the memory that weights and cache may use. */
const USABLE_SHARE = 0.9
/** Share of the bandwidth that decoding reaches. */
const BANDWIDTH_SHARE = 0.5
/** Requests that are decoded together without slowing each other, at most. */
const BATCH_LIMIT = 32

/** Plans a worker. @throws CocoonError `ERR_OPTIONS` for an unknown GPU without figures, or a number that is none. */
export function planWorker(input: WorkerPlanInput): WorkerPlan {
  const { model, prices } = input
  const known = Object.hasOwn(KNOWN_GPUS, input.gpu) ? KNOWN_GPUS[input.gpu] : undefined
  const vramGb = input.vramGb ?? known?.vramGb
  if (vramGb === undefined || (known === undefined && input.tokensPerSecond === undefined)) {
    throw new CocoonError('ERR_OPTIONS', 'this GPU is not in the table: give vramGb and tokensPerSecond', {
      phase: 'options',
      field: 'gpu',
      remedy: `Known: ${Object.keys(KNOWN_GPUS).join(', ')}.`
    })
  }
  const gpus = checkNumber('gpus', input.gpus ?? 1, 1024)
  const bits = checkNumber('bitsPerWeight', model.bitsPerWeight ?? 8, 64)
  const parameters = checkNumber('parametersB', model.parametersB, 1e6)
  const active = checkNumber('activeParametersB', model.activeParametersB ?? parameters, 1e6)
  const context = checkNumber('contextTokens', input.contextTokens ?? 8192)
  const kvBytes = checkNumber('kvBytesPerToken', model.kvBytesPerToken ?? 131_072)
  const utilisation = checkNumber('utilisation', input.utilisation ?? 0.3, 1)
  const ratio = checkNumber('promptPerCompletion', input.promptPerCompletion ?? 4, 1e6)
  const coefficient = checkNumber('coefficient', input.coefficient ?? 1000, 1e9 - 1)
  const weightsGb = (parameters * bits) / 8
  const freeGb = checkNumber('vramGb', vramGb) * gpus * USABLE_SHARE - weightsGb
  const fits = freeGb > 0 && (freeGb * 1e9) / Math.max(1, context * kvBytes) >= 1
  const slots = fits ? Math.floor((freeGb * 1e9) / Math.max(1, context * kvBytes)) : 0
  const single = ((known?.bandwidthGbPerSecond ?? 0) * gpus * BANDWIDTH_SHARE) / Math.max(0.001, (active * bits) / 8)
  const estimated = single * Math.min(slots, BATCH_LIMIT)
  const tokensPerSecond = fits ? checkNumber('tokensPerSecond', input.tokensPerSecond ?? estimated) : 0
  const completionPerDay = BigInt(Math.floor(tokensPerSecond * utilisation * DAY_SECONDS))
  const promptPerDay = BigInt(Math.floor(Number(completionPerDay) * ratio))
  const adjusted =
    adjust(completionPerDay, coefficient, prices.multipliers.completion) +
    adjust(promptPerDay, coefficient, prices.multipliers.prompt)
  return {
    fits,
    weightsGb,
    freeGb,
    maxActiveRequests: slots,
    tokensPerSecond,
    coefficient,
    expectedNanoPerDay: adjusted * prices.workerFeePerTokenNano,
    assumptions: [
      `${bits} bits a weight, ${kvBytes} bytes of KV cache a token, ${context} tokens of context a request, ${USABLE_SHARE * 100} % of the memory usable`,
      input.tokensPerSecond === undefined
        ? `decoding reaches ${BANDWIDTH_SHARE * 100} % of the memory bandwidth for each of at most ${BATCH_LIMIT} requests at once: an estimate, not a measurement`
        : 'tokens a second as given',
      `work during ${utilisation * 100} % of the day; ${ratio} prompt tokens for a completion token, none cached`,
      `paid ${prices.workerFeePerTokenNano} nanotons an adjusted token at coefficient ${coefficient / 1000}; demand is not known`,
      'power, hosting and chain fees are not included'
    ]
  }
}
