/**
 * `cocoonkit verify`: judges the evidence of a proxy, or of a proof bundle, and prints the report. Sends nothing to the
 * proxy but the proof of work and the TLS handshake.
 *
 * @module
 */
import { verifyProofBundle } from '../../attestation.js'
import { type AttestationReport, probe } from '../../index.js'
import { type Command, flagOf, type OptionValues, textOf } from '../command.js'
import type { CliContext } from '../context.js'
import { EXIT, exitCodeOf } from '../exit-codes.js'
import { type PeerPolicy, POLICY_OPTIONS, readPeerPolicy } from '../peer-policy.js'
import { printFailure, printJson } from '../print.js'
import { formatReport } from '../print-report.js'
import { numberOf, usageError } from '../usage-error.js'

/** See registry.ts. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'judge the evidence of a proxy, or of a proof bundle, and print the report',
  usage: '[options] HOST:PORT | BUNDLE.json',
  options: {
    ...POLICY_OPTIONS,
    proof: {
      type: 'string',
      placeholder: 'FILE',
      description: 'write a proof bundle that others can run again offline'
    }
  },
  notes: [
    'Without --image-hash nobody is accepted: the report then tells which image the proxy runs. With --devnet and no address',
    "the devnet's first proxy is judged. A bundle is judged at the time it names, without network."
  ],
  takesArguments: true,
  async run(values, words, context) {
    const [word, ...more] = words
    if (more.length > 0) throw usageError('one proxy or bundle at a time')
    const peer = await readPeerPolicy(values, context)
    const target = word ?? peer.address
    if (target === undefined) throw usageError('nothing to verify', 'Give HOST:PORT or the file of a proof bundle.')
    const isAddress = /:\d{1,5}$/.test(target)
    return isAddress
      ? await verifyPeer(values, target, peer, context)
      : await verifyBundle(values, target, peer, context)
  }
}

async function verifyPeer(
  values: OptionValues,
  address: string,
  peer: PeerPolicy,
  context: CliContext
): Promise<number> {
  const { policy } = peer
  const timeoutSeconds = numberOf(values, 'timeout', { min: 0.001, max: 2_000_000 }) ?? 60
  const found = await probe({ address, policy, timeoutMs: Math.ceil(timeoutSeconds * 1000), signal: context.signal })
  const { attestation: report, error } = found
  if (report === undefined) {
    printFailure(context, error, flagOf(values, 'json'))
    return exitCodeOf(error)
  }
  const proofPath = textOf(values, 'proof')
  if (proofPath !== undefined) {
    const bundle = await policy.proofBundle(report.id)
    if (bundle === undefined) context.stderr.write('no proof bundle: only a verified peer has one\n')
    else await context.writeFile(proofPath, `${JSON.stringify(bundle)}\n`)
  }
  return printReport(values, report, context)
}

async function verifyBundle(
  values: OptionValues,
  path: string,
  peer: PeerPolicy,
  context: CliContext
): Promise<number> {
  let bytes: Uint8Array
  try {
    bytes = await context.readFile(path)
  } catch (cause) {
    throw usageError('the bundle cannot be read', cause instanceof Error ? cause.message : undefined)
  }
  const report = await verifyProofBundle(new TextDecoder().decode(bytes).trim(), {
    trust: peer.trust,
    imageHashes: peer.imageHashes.length === 0 ? undefined : peer.imageHashes
  })
  return printReport(values, report, context)
}

function printReport(values: OptionValues, report: AttestationReport, context: CliContext): number {
  if (flagOf(values, 'json')) printJson(context, report)
  else context.stdout.write(formatReport(report, context))
  return report.verdict === 'verified' ? EXIT.ok : EXIT.attestation
}
