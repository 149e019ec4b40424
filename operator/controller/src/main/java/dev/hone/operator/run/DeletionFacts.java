package dev.hone.operator.run;

import java.util.List;
import java.util.Set;

/** What is only looked up when a resource is being deleted whose artifacts go with it. */
interface DeletionFacts {

  /** Whether the claim that the runs wrote to is gone, or about to go. */
  boolean claimIsGone(String claim);

  /**
   * Resources of the namespace whose pods read one of the addresses, for example
   * "InferenceDeployment spam".
   */
  List<String> users(Set<String> addresses);
}
