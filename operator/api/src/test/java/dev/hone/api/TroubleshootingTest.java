package dev.hone.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page docs/troubleshooting.md has an entry for each reason, and for no other. */
class TroubleshootingTest {

  private static final Pattern ENTRY = Pattern.compile("(?ms)^### (\\w+)\n(.*?)(?=^##|\\z)");
  private static final Pattern MEANING_AND_ADVICE =
      Pattern.compile("(?s)\\s*\\S.*?\n\n\\*\\*What to do:\\*\\* \\S.*");
  private static final Pattern LINK = Pattern.compile("\\]\\(#([^)]+)\\)");

  @Test
  void everyReasonHasItsEntryAndNoOther() throws IOException {
    assertThat(entries().keySet())
        .as("docs/troubleshooting.md: write an entry '### REASON', or remove the one left over")
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Reason.values()).map(Reason::value).toList());
  }

  @Test
  void everyEntrySaysWhatItMeansAndWhatToDo() throws IOException {
    assertThat(entries())
        .allSatisfy((reason, text) -> assertThat(text).as(reason).matches(MEANING_AND_ADVICE));
  }

  @Test
  void linksWithinThePageLeadSomewhere() throws IOException {
    String page = page();
    var anchors =
        Pattern.compile("(?m)^##+ (.+)$")
            .matcher(page)
            .results()
            .map(heading -> heading.group(1).toLowerCase(Locale.ROOT).replace(' ', '-'))
            .toList();
    assertThat(LINK.matcher(page).results().map(link -> link.group(1)))
        .isNotEmpty()
        .allSatisfy(link -> assertThat(anchors).contains(link));
  }

  private static Map<String, String> entries() throws IOException {
    Map<String, String> entries = new LinkedHashMap<>();
    for (MatchResult entry : ENTRY.matcher(page()).results().toList()) {
      assertThat(entries.put(entry.group(1), entry.group(2))).as(entry.group(1)).isNull();
    }
    return entries;
  }

  private static String page() throws IOException {
    return Files.readString(Repository.root().resolve("docs/troubleshooting.md"));
  }
}
