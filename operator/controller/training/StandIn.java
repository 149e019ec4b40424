import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stands in for the API server while the AOT cache is made: the operator gets, lists, watches,
 * creates, applies and deletes as it does in a cluster. Objects are kept in memory; nobody checks
 * them, and no controller acts upon them.
 *
 * <p>Usage: {@code StandIn PKCS12 PASSWORD OBJECT…}, where the objects are JSON files of what is
 * there from the beginning. Writes {@code listening on PORT}, and then a line for every change. All
 * of it happens on one thread.
 */
final class StandIn {
  private static final Pattern PATH =
      Pattern.compile(
          "(?<group>/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/(?<namespace>[^/]+))?/(?<plural>[^/]+)(?:/(?<name>[^/]+))?(?:/status)?");

  /** The answer to the question what the operator may do, which is the only one that it asks. */
  private static final JsonObject REVIEW =
      new JsonObject(
          """
          {"incomplete": false, "nonResourceRules": [],
           "resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
          """);

  /** What a request is about: a collection, or one object of it. */
  private record Place(String collection, String namespace, String name) {

    static Place of(Matcher path) {
      return new Place(
          path.group("group") + "/" + path.group("plural"),
          path.group("namespace"),
          path.group("name"));
    }

    /** The place of an object in this collection. */
    Place of(JsonObject object) {
      JsonObject metadata = object.getJsonObject("metadata", new JsonObject());
      return new Place(collection, metadata.getString("namespace"), metadata.getString("name"));
    }

    boolean holds(Place other) {
      return collection.equals(other.collection)
          && (namespace == null || namespace.equals(other.namespace))
          && (name == null || name.equals(other.name));
    }
  }

  private record Change(long version, Place place, String type, JsonObject object) {}

  private record Watch(Place place, String labels, ServerWebSocket socket) {}

  private final Map<Place, JsonObject> objects = new LinkedHashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final List<Watch> watches = new ArrayList<>();

  private StandIn() {}

  public static void main(String[] args) throws IOException {
    StandIn standIn = new StandIn();
    for (String file : List.of(args).subList(2, args.length)) {
      JsonObject object = new JsonObject(Buffer.buffer(Files.readAllBytes(Path.of(file))));
      String plural = object.getString("kind").toLowerCase() + "s";
      standIn.put(
          new Place("/apis/" + object.getString("apiVersion") + "/" + plural, null, null)
              .of(object),
          object);
    }
    HttpServerOptions options =
        new HttpServerOptions()
            .setSsl(true)
            .setKeyCertOptions(new PfxOptions().setPath(args[0]).setPassword(args[1]));
    Vertx.vertx()
        .createHttpServer(options)
        .requestHandler(standIn::handle)
        .listen(0, "127.0.0.1")
        .onSuccess(server -> System.out.println("listening on " + server.actualPort()))
        .onFailure(
            failure -> {
              failure.printStackTrace();
              System.exit(1);
            });
  }

  private void handle(HttpServerRequest request) {
    Matcher path = PATH.matcher(request.path());
    if (!path.matches()) {
      refuse(request, 404, "NotFound");
      return;
    }
    Place place = Place.of(path);
    if ("websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
      request.toWebSocket().onSuccess(socket -> watch(request, place, socket));
      return;
    }
    request.body().onSuccess(body -> answer(request, place, body));
  }

  private void answer(HttpServerRequest request, Place place, Buffer body) {
    JsonObject known = objects.get(place);
    HttpMethod method = request.method();
    if (method.equals(HttpMethod.GET) && place.name() == null) {
      respond(request, 200, list(place, request.getParam("labelSelector")));
    } else if (method.equals(HttpMethod.POST)) {
      JsonObject object = new JsonObject(body);
      Place created = place.of(object);
      if (created.name() == null) {
        respond(request, 201, object.put("status", REVIEW));
      } else if (objects.containsKey(created)) {
        refuse(request, 409, "AlreadyExists");
      } else {
        respond(request, 201, put(created, object));
      }
    } else if (method.equals(HttpMethod.PATCH)) {
      // Applied or merged: without a schema both are the same.
      JsonObject object = known == null ? new JsonObject() : known.copy();
      object.mergeIn(new JsonObject(body), true);
      respond(request, known == null ? 201 : 200, put(place, object));
    } else if (known == null) {
      refuse(request, 404, "NotFound");
    } else if (method.equals(HttpMethod.GET)) {
      respond(request, 200, known);
    } else if (method.equals(HttpMethod.PUT)) {
      respond(request, 200, put(place, new JsonObject(body)));
    } else if (method.equals(HttpMethod.DELETE)) {
      objects.remove(place);
      tell("DELETED", place, known);
      respond(request, 200, known);
    } else {
      refuse(request, 405, "MethodNotAllowed");
    }
  }

  private JsonObject list(Place place, String labels) {
    JsonArray items = new JsonArray();
    objects.forEach(
        (each, object) -> {
          if (place.holds(each) && matches(object, labels)) {
            items.add(object);
          }
        });
    return new JsonObject()
        .put("kind", "List")
        .put("apiVersion", "v1")
        .put("metadata", new JsonObject().put("resourceVersion", String.valueOf(changes.size())))
        .put("items", items);
  }

  /** Tells what has happened since the version that is asked for, and from now on whatever does. */
  private void watch(HttpServerRequest request, Place place, ServerWebSocket socket) {
    Watch watch = new Watch(place, request.getParam("labelSelector"), socket);
    String since = request.getParam("resourceVersion");
    long version = since == null ? 0 : Long.parseLong(since);
    changes.stream().filter(change -> change.version() > version).forEach(c -> tell(watch, c));
    watches.add(watch);
    socket.closeHandler(_ -> watches.remove(watch));
  }

  /** Keeps an object with what the API server adds to it. */
  private JsonObject put(Place place, JsonObject object) {
    JsonObject known = objects.get(place);
    JsonObject before =
        known == null
            ? new JsonObject()
                .put("uid", UUID.randomUUID().toString())
                .put("creationTimestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
                .put("generation", 1)
            : known.getJsonObject("metadata");
    JsonObject metadata = object.getJsonObject("metadata");
    for (String field : List.of("uid", "creationTimestamp", "generation")) {
      metadata.put(field, before.getValue(field));
    }
    metadata.put("resourceVersion", String.valueOf(changes.size() + 1));
    objects.put(place, object);
    tell(known == null ? "ADDED" : "MODIFIED", place, object);
    return object;
  }

  private void tell(String type, Place place, JsonObject object) {
    Change change = new Change(changes.size() + 1L, place, type, object.copy());
    changes.add(change);
    System.out.printf("%s %s/%s%n", type, place.collection(), place.name());
    watches.forEach(watch -> tell(watch, change));
  }

  private static void tell(Watch watch, Change change) {
    if (watch.place().holds(change.place()) && matches(change.object(), watch.labels())) {
      JsonObject event = new JsonObject().put("type", change.type()).put("object", change.object());
      watch.socket().writeTextMessage(event.encode());
    }
  }

  /** Whether an object has the labels of a selector, {@code NAME=VALUE,…}. */
  private static boolean matches(JsonObject object, String selector) {
    if (selector == null) {
      return true;
    }
    JsonObject labels = object.getJsonObject("metadata").getJsonObject("labels", new JsonObject());
    for (String each : selector.split(",")) {
      String[] pair = each.split("=", 2);
      if (!labels.containsKey(pair[0])
          || (pair.length > 1 && !pair[1].equals(labels.getString(pair[0])))) {
        return false;
      }
    }
    return true;
  }

  private static void refuse(HttpServerRequest request, int code, String reason) {
    JsonObject status =
        new JsonObject()
            .put("kind", "Status")
            .put("apiVersion", "v1")
            .put("status", "Failure")
            .put("reason", reason)
            .put("message", request.method() + " " + request.path() + ": " + reason)
            .put("code", code);
    respond(request, code, status);
  }

  private static void respond(HttpServerRequest request, int code, JsonObject body) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "application/json")
        .end(body.toBuffer());
  }
}
