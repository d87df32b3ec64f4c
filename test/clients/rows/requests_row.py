import requests

from row import body, headers, method, said, url

# requests neither throws on a 503 nor repeats it.
answer = requests.request(method, url, headers=headers, json=body, timeout=30)
said(answer.status_code, answer.headers)
