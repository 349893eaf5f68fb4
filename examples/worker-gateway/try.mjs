/** Calls the Worker's `fetch` in this process, on a devnet: a user of the bot, a stranger, a page of another origin. */
import { createHmac } from 'node:crypto'
import { startDevnet } from 'cocoonkit/devnet'
import worker, { Gateway } from './src/worker.mjs'

const devnet = await startDevnet()
const env = {
  DEVNET: JSON.stringify(devnet.describe()),
  BOT_TOKEN: '1234567890:simulated-token-of-no-bot-at-all',
  APP_ORIGIN: 'https://app.example'
}
/** What the platform makes of the binding: one object for all callers. */
const object = new Gateway({ waitUntil() {} }, env)
env.GATEWAY = { idFromName: (name) => name, get: () => object }
const authorization = `tma ${signIn({ user: '{"id":42,"first_name":"Ada"}', auth_date: String(Math.floor(Date.now() / 1000)) })}`
const body = JSON.stringify({
  model: 'devnet/echo',
  stream: true,
  messages: [{ role: 'user', content: 'Hello from the edge' }]
})

try {
  const answer = await call({ authorization })
  let text = ''
  for (const [, json] of (await answer.text()).matchAll(/^data: (\{.*)$/gm))
    text += JSON.parse(json).choices[0]?.delta.content ?? ''
  console.log(`a user of the bot: ${answer.status} ${text}`)
  console.log(`a stranger: ${await statusAndCode(await call({}))}`)
  console.log(
    `another page: ${await statusAndCode(await call({ authorization, origin: 'https://elsewhere.example' }))}`
  )
  const report = await (await worker.fetch(new Request('https://gateway.example/attestation'), env)).json()
  console.log(`attestation: ${report.verdict}, ${report.kind}`)
} finally {
  await devnet.close()
}

function call(headers) {
  const url = 'https://gateway.example/v1/chat/completions'
  return worker.fetch(
    new Request(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }),
    env
  )
}

async function statusAndCode(response) {
  return `${response.status} ${(await response.json()).error.code}`
}

/** What Telegram does when somebody opens the Mini App. */
function signIn(fields) {
  const signed = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('\n')
  const key = createHmac('sha256', 'WebAppData').update(env.BOT_TOKEN).digest()
  return new URLSearchParams({ ...fields, hash: createHmac('sha256', key).update(signed).digest('hex') })
}
