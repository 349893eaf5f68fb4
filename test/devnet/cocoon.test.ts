/**
 * The library's own client against the devnet: the whole path over real sockets.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { fakeTdxEvidence, startDevnet, type Devnet, type DevnetOptions } from '../../src/devnet.js'
import { Cocoon } from '../../src/index.js'
import { acceptFakeTee } from '../../src/unsafe.js'

const open: Array<{ close(): Promise<void> }> = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function start(options: DevnetOptions = {}): Promise<{ devnet: Devnet; cocoon: Cocoon }> {
  const devnet = await startDevnet({ evidence: fakeTdxEvidence, ...options })
  const cocoon = new Cocoon({ network: devnet.network, account: devnet.account, attestation: acceptFakeTee() })
  open.push(devnet, cocoon)
  return { devnet, cocoon }
}

const messages = [{ role: 'user' as const, content: 'hello' }]

describe('Cocoon against the devnet', () => {
  it.each(['apr-2026', 'dec-2025'] as const)('chat and stream on %s', async (version) => {
    const { devnet, cocoon } = await start({ version })
    const answer = await cocoon.chat.completions.create({ model: 'devnet/echo', messages })
    expect(answer.choices[0]?.message.content).toContain('You wrote 5 characters')
    let text = ''
    const stream = await cocoon.chat.completions.create({ model: 'devnet/echo', messages, stream: true })
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe(answer.choices[0]?.message.content)
    expect(devnet.stats()).toMatchObject({ connections: 1, authorizations: 1, completed: 2 })
  })

  it('lists models', async () => {
    const { cocoon } = await start()
    const { data } = await cocoon.models.list()
    expect(data.map((model) => model.id)).toEqual(['devnet/echo', 'devnet/echo-large'])
  })
})
