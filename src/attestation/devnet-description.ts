/**
 * Reads the description of a devnet: its proxies, its play account, and the roots of its synthetic vendors. This is the
 * only way for roots other than the vendors' own into a policy; nothing else in a client's options can carry them, and a
 * policy that was made here trusts no vendor.
 *
 * Portable: a browser page that got the JSON can use it.
 *
 * @module
 */
import { decodeBase64, hexToBytes } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import { staticCollateral } from './collateral/relay.js'
import { parseStrictJson } from './collateral/strict-json.js'
import {
  type DevnetChainDescription,
  type DevnetMoney,
  type DevnetPricesDescription,
  type DevnetWalletDescription,
  readDevnetMoney
} from './devnet-money.js'
import { type AttestationVerdictPolicy, createAttestationPolicy } from './policy/create-policy.js'
import type { AttestationPolicy } from './policy/rules.js'
import type { SnpCollateral } from './snp/collateral.js'
import type { SnpProductLine } from './snp/tcb.js'
import type { TdxCollateral } from './tdx/collateral.js'
import { createDevnetTrust, type DevnetTrust } from './trust.js'

/** A request key of a devnet; checked where it is used. */
export interface DevnetEncryptionKey {
  /** 64 hex digits. */
  readonly publicKey: string
  readonly type: number
  readonly expiresAtUnix: number
}

/** Description of a devnet; plain JSON data. `devnet.describe()` and `cocoonkit devnet --describe FILE` make it. */
export interface DevnetDescription {
  readonly schema: 'cocoonkit.devnet-description.v1'
  /** Shown in reports. */
  readonly name: string
  readonly network: {
    readonly isTest: boolean
    readonly configVersion: number
    readonly proxies: readonly string[]
    /** Nanotons per adjusted token, decimal. */
    readonly pricePerTokenNano?: string | undefined
    /** Request keys for end-to-end encryption. */
    readonly encryptionKeys?: readonly DevnetEncryptionKey[] | undefined
  }
  /** The account that the devnet knows. Play money: its secret is no secret. */
  readonly account: {
    readonly owner: string
    readonly secret?: string | { readonly hex: string } | undefined
    /** The owner's wallet, when the devnet made it. */
    readonly wallet?: DevnetWalletDescription | undefined
  }
  /** Prices of every class of tokens. */
  readonly prices?: DevnetPricesDescription | undefined
  /** The chain behind the network, when one runs. */
  readonly chain?: DevnetChainDescription | undefined
  readonly attestation: {
    /** Self-signed root certificates, DER in base64. */
    readonly roots: {
      readonly intel: string
      readonly amd?: { readonly [Line in SnpProductLine]?: string } | undefined
    }
    readonly collateral: readonly (TdxCollateral | SnpCollateral)[]
    readonly policy: Pick<AttestationPolicy, 'imageHashes' | 'minTcbEvaluationDataNumber' | 'minSnpTcb'>
  }
}

/** A description, its JSON text, or a running devnet. */
export type DevnetSource = DevnetDescription | string | { describe(): DevnetDescription }

/** Options for `new Cocoon({ ...fromDevnet(devnet) })`. */
export interface DevnetClientOptions {
  readonly network: {
    readonly isTest: boolean
    readonly configVersion: number
    readonly proxies: readonly string[]
    readonly pricePerTokenNano?: bigint
    readonly encryptionKeys?: readonly DevnetEncryptionKey[]
  }
  readonly account: { readonly owner: string; readonly secret?: string | Uint8Array }
  /** Verifies in full against the devnet's roots, and only those. */
  readonly attestation: AttestationVerdictPolicy
}

const SCHEMA = 'cocoonkit.devnet-description.v1'
const LINES: readonly SnpProductLine[] = ['Milan', 'Genoa', 'Turin']

/**
 * Options of a client for a devnet: its network, its account, and a policy that verifies its proxies.
 *
 * @throws CocoonError `ERR_OPTIONS` for something that is not a description.
 * @example
 * ```ts
 * const cocoon = new Cocoon({ ...fromDevnet(devnet), timeoutMs: 10_000 })
 * ```
 */
export function fromDevnet(source: DevnetSource): DevnetClientOptions {
  const description = readDescription(source)
  const { network, account, attestation } = description
  const { isTest, configVersion, proxies, pricePerTokenNano, encryptionKeys } = network
  const secret = typeof account.secret === 'object' ? readHex(account.secret.hex) : account.secret
  return {
    network: {
      isTest,
      configVersion,
      proxies: [...proxies],
      ...(pricePerTokenNano === undefined ? {} : { pricePerTokenNano: BigInt(pricePerTokenNano) }),
      ...(encryptionKeys === undefined ? {} : { encryptionKeys })
    },
    account: { owner: account.owner, ...(secret === undefined ? {} : { secret }) },
    attestation: createAttestationPolicy({
      ...attestation.policy,
      imageHashes: () => ({
        imageHashes: attestation.policy.imageHashes,
        provenance: ['image hashes: the description of the devnet']
      }),
      collateral: staticCollateral(attestation.collateral),
      trust: trustOf(description)
    })
  }
}

/**
 * The roots of a devnet, for `verifyProofBundle` and the other verifiers.
 *
 * @throws CocoonError `ERR_OPTIONS` for something that is not a description.
 */
export function devnetTrust(source: DevnetSource): DevnetTrust {
  return trustOf(readDescription(source))
}

/**
 * What a description says about money: prices, the chain, the account's wallet.
 *
 * @throws CocoonError `ERR_OPTIONS` for something that is not a description.
 */
export function devnetMoney(source: DevnetSource): DevnetMoney {
  return readDevnetMoney(readDescription(source))
}

function trustOf({ name, attestation }: DevnetDescription): DevnetTrust {
  const amd = attestation.roots.amd ?? {}
  const amdRoots = Object.fromEntries(
    LINES.flatMap((line) => (amd[line] === undefined ? [] : [[line, readRoot(amd[line])]]))
  )
  return createDevnetTrust({ name, intelRoot: readRoot(attestation.roots.intel), amdRoots })
}

/** Shape only; what hangs on the values is checked where they are used. */
function readDescription(source: DevnetSource): DevnetDescription {
  const given: unknown =
    typeof source === 'object' && source !== null && 'describe' in source ? source.describe() : source
  let value: unknown
  try {
    value = typeof given === 'string' ? parseStrictJson(given) : given
  } catch (cause) {
    throw notADescription('is not JSON', cause)
  }
  const { schema, name, network, account, attestation } = members(value, 'description')
  if (schema !== SCHEMA) throw notADescription(`has no schema ${SCHEMA}`)
  const { proxies, isTest, configVersion, pricePerTokenNano, encryptionKeys } = members(network, 'network')
  const { owner, secret } = members(account, 'account')
  const { roots, collateral, policy } = members(attestation, 'attestation')
  const { intel, amd } = members(roots, 'attestation.roots')
  const { imageHashes } = members(policy, 'attestation.policy')
  const isSecret =
    secret === undefined || typeof secret === 'string' || typeof members(secret, 'account.secret')['hex'] === 'string'
  const holds =
    typeof name === 'string' &&
    typeof isTest === 'boolean' &&
    typeof configVersion === 'number' &&
    typeof owner === 'string' &&
    isSecret &&
    areTexts(proxies) &&
    (encryptionKeys === undefined || Array.isArray(encryptionKeys)) &&
    areTexts(imageHashes) &&
    Array.isArray(collateral) &&
    typeof intel === 'string' &&
    (amd === undefined || areTexts(Object.values(members(amd, 'attestation.roots.amd')))) &&
    (pricePerTokenNano === undefined || (typeof pricePerTokenNano === 'string' && /^\d{1,30}$/.test(pricePerTokenNano)))
  if (!holds) throw notADescription('has a member of the wrong type')
  return value as DevnetDescription
}

function members(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notADescription(`has no object at ${path}`)
  return value as Record<string, unknown>
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function readRoot(text: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch (cause) {
    throw notADescription('has a root that is not base64', cause)
  }
}

function readHex(text: string): Uint8Array {
  try {
    return hexToBytes(text)
  } catch (cause) {
    throw notADescription('has a secret that is not hex', cause)
  }
}

function notADescription(problem: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_OPTIONS', `the devnet description ${problem}`, {
    phase: 'options',
    field: 'devnet',
    remedy: 'cocoonkit devnet --describe FILE writes one.',
    cause
  })
}
