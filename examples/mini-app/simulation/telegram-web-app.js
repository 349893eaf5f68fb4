/** Stands for Telegram's own script: reads the fragment that the launch wrote, as the real one does. */
{
  const launch = new URLSearchParams(location.hash.slice(1))
  const initData = launch.get('tgWebAppData') ?? ''
  const themeParams = JSON.parse(launch.get('tgWebAppThemeParams') ?? '{}')
  for (const [name, colour] of Object.entries(themeParams))
    document.documentElement.style.setProperty(`--tg-theme-${name.replaceAll('_', '-')}`, colour)
  const brightness = Number.parseInt((themeParams.bg_color ?? '#ffffff').slice(1, 3), 16)
  const user = JSON.parse(new URLSearchParams(initData).get('user') ?? 'null')
  window.Telegram = {
    WebApp: {
      initData,
      initDataUnsafe: user === null ? {} : { user },
      version: launch.get('tgWebAppVersion') ?? '6.0',
      platform: launch.get('tgWebAppPlatform') ?? 'unknown',
      colorScheme: brightness < 128 ? 'dark' : 'light',
      themeParams,
      isExpanded: false,
      ready() {},
      expand() {
        this.isExpanded = true
      },
      onEvent() {},
      HapticFeedback: { notificationOccurred() {} }
    }
  }
}
