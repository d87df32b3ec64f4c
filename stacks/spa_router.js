// Single-page routing: a path whose last part has no dot is a route of the
// application, and index.html answers it. Files are left alone, so that one
// that is missing stays an error (403: CloudFront may not list the bucket).
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
