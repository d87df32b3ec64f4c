import urllib3

from row import body, headers, kept, method, said, url

# By default urllib3 waits for Retry-After and asks again, three times, while the
# caller is blocked.
retries = urllib3.Retry(3, respect_retry_after_header=False, status_forcelist=[500, 502, 504]) if kept else None
answer = urllib3.PoolManager().request(method, url, headers=headers, json=body, retries=retries)
said(answer.status, answer.headers)
