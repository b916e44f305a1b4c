def notify(url, on_done:
