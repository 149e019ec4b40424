package dev.hone.operator.run;

import java.util.List;
import java.util.Set;

/** What is only looked up when a resource is being deleted whose files go with it. */
public interface DeletionFacts {

  /** Whether the claim that they are on is gone, or about to go. */
  boolean claimIsGone(String claim);

  /**
   * Resources of the namespace whose pods read one of the addresses, for example
   * "InferenceDeployment spam".
   */
  List<String> users(Set<String> addresses);

  /** Resources of the namespace whose pods may load the engine of a key. */
  List<String> engineUsers(String key);
}
