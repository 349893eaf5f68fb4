/** A week of a team's chat: much talk, five decisions. */
const TALK = [
  'Has anybody seen my umbrella? I left it in the small meeting room, I think.',
  'The coffee machine asks for something called descaling again.',
  'I read the draft on the train. Mostly fine, some commas.',
  'Could somebody look at the printer? It prints everything twice.',
  'Lunch at the usual place? I am late by ten minutes.'
]
const DECISIONS = {
  11: 'Decided: the launch moves to 14 March.',
  29: 'Decided: Noor writes the press release.',
  52: 'Decided: no discount for resellers.',
  77: 'Decided: Emil books the hall in Leipzig.',
  101: 'Decided: we meet again on Thursday at nine.'
}
const NAMES = ['Noor', 'Emil', 'Sofia', 'Tariq']

export const chat = Array.from({ length: 120 }, (_, index) => ({
  from: NAMES[index % NAMES.length],
  text: DECISIONS[index] ?? TALK[index % TALK.length]
}))
