/**
 * The demo behind `npm run demo`: a devnet on loopback, the real protocol against it, and a plain account of what was
 * and was not verified.
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import { memoryLedgerStore, openLedger } from 'cocoonkit/ton'

const started = performance.now()
const elapsed = () => `${(performance.now() - started).toFixed(0).padStart(5)} ms`
const say = (label, text) => console.log(`${elapsed()}  ${label.padEnd(14)} ${text}`)

// The same difficulty as the real network's proxies ask for.
const devnet = await startDevnet({ difficultyBits: 20, tokenDelayMs: 15 })
say('devnet', `one proxy at ${devnet.network.proxies[0]}, no coins, no GPU, nothing leaves this machine`)

// Receipts are checked and kept; a real client would use a ledger file.
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (run, delayMs) => {
    const timer = setTimeout(() => run(), delayMs)
    return () => clearTimeout(timer)
  }
}
const ledger = await openLedger({ store: memoryLedgerStore(), clock })

const cocoon = new Cocoon({
  ...fromDevnet(devnet),
  payments: { ledger, prices: devnet.prices },
  onEvent: (event) => {
    if (event.type === 'phase') say(event.phase, `${event.ms?.toFixed(1) ?? '?'} ms`)
  }
})

try {
  const report = await cocoon.attestation()
  const relevant = report.checks.filter((check) => check.outcome !== 'not-applicable')
  const passed = relevant.filter((check) => check.outcome === 'pass').length
  say('verdict', `${report.verdict}: ${passed} of ${relevant.length} checks passed, report ${report.id.slice(0, 16)}…`)
  say('evidence', `${report.kind}, TCB ${report.tcbStatus}, valid until ${report.validUntil}`)
  say('image', report.imageHash)
  for (const line of report.trust) say('trust', line)
  for (const residual of report.residuals) say('not known', residual.statement)

  const models = await cocoon.models.list()
  for (const { id, workers } of models.data) say('model', `${id}, ${workers.length} worker(s)`)

  const {
    data: stream,
    final,
    requestId
  } = await cocoon.chat.completions
    .create({
      model: models.data[0].id,
      messages: [{ role: 'user', content: 'What are you, and who can read this?' }],
      stream: true
    })
    .withResponse()

  const asked = performance.now()
  let firstTokenMs
  process.stdout.write(`${elapsed()}  answer         `)
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content
    if (typeof text !== 'string') continue
    firstTokenMs ??= performance.now() - asked
    process.stdout.write(text)
  }
  process.stdout.write('\n')

  const { tokensUsed, costNano } = await final
  say(
    'tokens',
    `${tokensUsed?.total ?? 'unknown'} adjusted (prompt ${tokensUsed?.prompt}, completion ${tokensUsed?.completion})`
  )
  say('cost', costNano === undefined ? 'unknown' : `${costNano} nanoTON = ${Number(costNano) / 1e9} TON`)
  const receipt = await cocoon.receipt(requestId)
  say('receipt', `request ${receipt.requestId.slice(0, 16)}…, attested by ${receipt.attestationId.slice(0, 16)}…`)
  say(
    'recomputed',
    `${receipt.chargedTokens} tokens charged; its usage costs at most ${receipt.recomputed?.total} at the allowed coefficient`
  )
  say(
    'signed total',
    `${receipt.signedBefore ?? 'none'} before, ${receipt.signedAfter ?? 'none'} after; ${receipt.findings.length} differences`
  )
  say('first token', `${firstTokenMs?.toFixed(1)} ms after asking`)
} finally {
  await cocoon.close()
  await devnet.close()
}
