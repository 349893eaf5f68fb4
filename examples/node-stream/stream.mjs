/** Streams an answer to the terminal, token by token. */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'

const devnet = await startDevnet({ tokenDelayMs: 10 })
const cocoon = new Cocoon(fromDevnet(devnet))

try {
  const stream = await cocoon.chat.completions.create({
    model: 'devnet/echo',
    messages: [{ role: 'user', content: 'Stream this back to me, please.' }],
    stream: true
  })
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
  process.stdout.write('\n')
} finally {
  await cocoon.close()
  await devnet.close()
}
