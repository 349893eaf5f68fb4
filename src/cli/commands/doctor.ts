/**
 * `cocoonkit doctor`: what stands between this machine and a proxy, step by step, each with a remedy.
 *
 * @module
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import process from 'node:process'
import {
  type AttestationReport,
  type CocoonError,
  probe,
  type ProbePhase,
  type ProbePhaseName,
  type ProbeReport
} from '../../index.js'
import { type Command, flagOf } from '../command.js'
import { EXIT, exitCodeOf } from '../exit-codes.js'
import type { CliContext } from '../context.js'
import { POLICY_OPTIONS, readPeerPolicy } from '../peer-policy.js'
import { painterFor } from '../print-report.js'
import { printable, printJson } from '../print.js'
import { numberOf, usageError } from '../usage-error.js'

/** One finding. */
interface Finding {
  readonly check: string
  readonly outcome: 'ok' | 'failed' | 'not-reached'
  readonly detail: string
  readonly remedy?: string
}

/** See registry.ts. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'find out what stands between this machine and a proxy',
  usage: '[options] [HOST:PORT]',
  options: POLICY_OPTIONS,
  notes: ['Without a proxy only this machine is looked at. With --devnet also handshake and account are tried.'],
  takesArguments: true,
  async run(values, words, context) {
    if (words.length > 1) throw usageError('one proxy at a time')
    const peer = await readPeerPolicy(values, context)
    const address = words[0] ?? peer.address
    const findings: Finding[] = [await examineRuntime()]
    let error: CocoonError | undefined
    if (address !== undefined) {
      const { account, network, policy } = peer
      const timeoutSeconds = numberOf(values, 'timeout', { min: 0.001, max: 2_000_000 }) ?? 60
      findings.push(await examineName(address))
      const found = await probe({
        address,
        policy,
        timeoutMs: Math.ceil(timeoutSeconds * 1000),
        signal: context.signal,
        ...(account !== undefined &&
          network !== undefined && { handshake: { ...network, owner: account.owner, ...secretOf(account) } })
      })
      error = found.error
      findings.push(
        ...found.phases.filter(({ outcome }) => outcome !== 'not-asked').map((phase) => fromPhase(phase, found))
      )
      findings.push(examineClock(found.attestation))
    }
    if (flagOf(values, 'json')) printJson(context, { address, ok: isHealthy(findings), findings })
    else context.stdout.write(formatFindings(findings, context))
    if (isHealthy(findings)) return EXIT.ok
    return error === undefined ? EXIT.failure : exitCodeOf(error)
  }
}

function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome === 'ok')
}

function secretOf({ secret }: { readonly secret?: string | Uint8Array }): { readonly secret?: Uint8Array } {
  if (secret === undefined) return {}
  return { secret: typeof secret === 'string' ? new TextEncoder().encode(secret) : secret }
}

const MIN_NODE_MAJOR = 20

async function examineRuntime(): Promise<Finding> {
  const { version, platform, arch } = process
  const missing: string[] = []
  for (const name of ['Ed25519', 'X25519']) {
    try {
      await crypto.subtle.generateKey(name, false, name === 'Ed25519' ? ['sign', 'verify'] : ['deriveBits'])
    } catch {
      missing.push(name)
    }
  }
  const detail = `Node ${version} on ${platform} ${arch}${missing.length === 0 ? '' : `; WebCrypto without ${missing.join(', ')}, JavaScript stands in`}`
  const isNew = Number(/^v(\d+)/.exec(version)?.[1]) >= MIN_NODE_MAJOR
  return isNew
    ? { check: 'runtime', outcome: 'ok', detail }
    : { check: 'runtime', outcome: 'failed', detail, remedy: `Use Node ${MIN_NODE_MAJOR}.19 or newer.` }
}

async function examineName(address: string): Promise<Finding> {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return { check: 'dns', outcome: 'ok', detail: `${host} is an address, no name to resolve` }
  try {
    const found = await lookup(host, { all: true })
    return { check: 'dns', outcome: 'ok', detail: `${host} is ${found.map((one) => one.address).join(', ')}` }
  } catch {
    const remedy = 'Check the spelling and the name server of this machine.'
    return { check: 'dns', outcome: 'failed', detail: `${host} has no address`, remedy }
  }
}

/** Name of a step, and what to do when it fails and the error has no remedy of its own. */
const STEPS: Readonly<Record<ProbePhaseName, readonly [check: string, remedy: string]>> = {
  dial: ['tcp', 'Check address, port and firewall; the proxy may be down.'],
  pow: ['proof of work', 'The peer is no proxy of the network, or asks for more work than the limit allows.'],
  tls: ['tls', 'Something between here and the proxy breaks TLS 1.3, or the peer is no proxy of the network.'],
  attestation: ['attestation', 'Do not use this proxy; cocoonkit verify shows every check.'],
  handshake: ['handshake', 'The proxy plays another network or version.'],
  authorization: ['account', 'Check owner and secret; the account may not be registered with this proxy.']
}

function fromPhase({ phase, outcome, ms, detail }: ProbePhase, { error, attestation }: ProbeReport): Finding {
  const [check, remedy] = STEPS[phase]
  if (outcome === 'ok')
    return {
      check,
      outcome,
      detail: [`${ms?.toFixed(1) ?? '?'} ms`, ...(detail === undefined ? [] : [detail])].join(', ')
    }
  if (outcome !== 'failed') return { check, outcome: 'not-reached', detail: '' }
  const refusedBy = attestation?.refusedBy ?? []
  const first = attestation?.checks.find((item) => item.id === refusedBy[0])
  const reason = refusedBy.length > 0 ? `refused by ${refusedBy.join(', ')}` : (error?.message ?? 'failed')
  return { check, outcome, detail: reason, remedy: error?.remedy ?? first?.remedy ?? remedy }
}

/** The certificate of a proxy is at most some hours old and ends after a day: a clock outside of it is wrong, here or there. */
function examineClock(report: AttestationReport | undefined): Finding {
  const check = report?.checks.find(({ id }) => id === 'certificate.validity')
  if (check === undefined || (check.outcome !== 'pass' && check.outcome !== 'fail')) {
    return { check: 'clock', outcome: 'not-reached', detail: '' }
  }
  const detail = `${new Date().toISOString()} here; the certificate of the proxy holds ${check.compared}`
  if (check.outcome === 'pass') return { check: 'clock', outcome: 'ok', detail }
  return {
    check: 'clock',
    outcome: 'failed',
    detail,
    remedy: 'Set the clock of this machine (NTP); if it is right, choose another proxy.'
  }
}

function formatFindings(findings: readonly Finding[], context: CliContext): string {
  const paint = painterFor(context)
  const width = Math.max(...findings.map(({ check }) => check.length))
  const mark = { ok: paint('ok  ', 'green'), failed: paint('FAIL', 'red'), 'not-reached': paint('–   ', 'dim') }
  const lines = findings.flatMap(({ check, outcome, detail, remedy }) => [
    `${mark[outcome]} ${check.padEnd(width)}  ${printable(detail)}`.trimEnd(),
    ...(remedy === undefined ? [] : [`     ${' '.repeat(width)}  remedy: ${remedy}`])
  ])
  return `${lines.join('\n')}\n`
}
