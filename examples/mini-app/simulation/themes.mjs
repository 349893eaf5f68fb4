/** Colours as Telegram's clients hand them to a Mini App. */
export const THEMES = {
  light: {
    bg_color: '#ffffff',
    secondary_bg_color: '#f1f3f5',
    section_bg_color: '#ffffff',
    section_separator_color: '#e3e6e9',
    text_color: '#11161a',
    hint_color: '#66717a',
    link_color: '#1668ad',
    button_color: '#1d72b8',
    button_text_color: '#ffffff',
    accent_text_color: '#1668ad',
    destructive_text_color: '#c0362c'
  },
  dark: {
    bg_color: '#17212b',
    secondary_bg_color: '#0e1621',
    section_bg_color: '#1c2733',
    section_separator_color: '#2b3844',
    text_color: '#f5f7f9',
    hint_color: '#8fa1b1',
    link_color: '#6ab3f3',
    button_color: '#5aaee8',
    button_text_color: '#0b1620',
    accent_text_color: '#6ab3f3',
    destructive_text_color: '#ff8f88'
  }
}
