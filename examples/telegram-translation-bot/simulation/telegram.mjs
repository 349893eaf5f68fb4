/** Two chats at once, in the form of the Bot API; answers are printed. */
export function simulatedTelegram() {
  const messages = [
    [7, 'Marta', 'Hast du die Katze gesehen?'],
    [9, 'Luc', 'On mange où ce soir ?'],
    [7, 'Jan', 'Ja, sie sitzt auf dem Dach.'],
    [7, 'Marta', 'Kann sie von dort herunter?'],
    [9, 'Zoé', 'Chez elle, comme toujours.']
  ]
  const updates = messages.map(([chat, name, text], index) => ({
    update_id: 1000 + index,
    message: { message_id: index + 1, chat: { id: chat }, from: { first_name: name }, text }
  }))
  return {
    getUpdates: async ({ offset }) => updates.filter(({ update_id }) => update_id >= offset).slice(0, 2),
    async sendMessage({ chat_id: chatId, reply_parameters, text }) {
      const { message } = updates[reply_parameters.message_id - 1]
      console.log(`chat ${chatId}  ${message.from.first_name}: ${message.text}\n        → ${text}`)
    }
  }
}
