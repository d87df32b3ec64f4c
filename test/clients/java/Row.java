import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

/** Sends one request with OkHttp or java.net.http, and prints what came of it. */
class Row {
  static final String KEY = "0b0f5b2e-0000-4000-8000-0000000000aa";

  public static void main(String[] args) throws Exception {
    String library = args[0], url = args[1], method = args[2];
    String body = method.equals("POST") ? "{\"title\":\"Pump 3\"}" : null;
    if (library.equals("OkHttp")) {
      RequestBody sent = body == null ? null : RequestBody.create(body, MediaType.get("application/json"));
      Request request = new Request.Builder().url(url).method(method, sent)
          .header("Idempotency-Key", KEY).header("Accept-Language", "ja").build();
      try (var answer = new OkHttpClient().newCall(request).execute()) {
        say(answer.code(), answer.header("X-Maintenance-Mode"), answer.header("Retry-After"));
      }
    } else {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url))
          .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
          .header("Idempotency-Key", KEY).header("Accept-Language", "ja").build();
      var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      say(answer.statusCode(), answer.headers().firstValue("X-Maintenance-Mode").orElse(null), answer.headers().firstValue("Retry-After").orElse(null));
    }
    System.exit(0); // OkHttp's threads would wait for a minute
  }

  static void say(int status, String marker, String retryAfter) {
    System.out.println(status == 503 && "on".equals(marker) ? "maintenance " + retryAfter : String.valueOf(status));
  }
}
