package dev.hone.operator.inference;

import dev.hone.operator.desired.Owner;
import java.util.function.UnaryOperator;

/**
 * How the operator gets at routers.
 *
 * @param client what talks to them
 * @param secrets makes the same secret for the same purpose
 */
public record RouterAccess(RouterClient client, UnaryOperator<String> secrets) {

  /** The token of a resource's routers; one of the same name that comes later has another. */
  String token(Owner owner) {
    return secrets.apply("router/" + owner.namespace() + "/" + owner.name() + "/" + owner.uid());
  }
}
