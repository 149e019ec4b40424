package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.desired.Owner;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScrapesTest {
  private static final Owner OWNER = new Owner("InferenceDeployment", "team", "spam", "uid");

  private static Sample age(String process, String revision, double seconds) {
    return new Sample(Map.of("process", process, "revision", revision), seconds);
  }

  @Test
  void allThatAreReadyMustHaveBeenScraped() {
    Scrapes scrapes = Scrapes.of(List.of(age("p", "r2", 3.5), age("q", "r2", 12)), "r2");
    assertThat(scrapes.lacking(OWNER, Optional.empty(), 2)).isEmpty();
    assertThat(scrapes.oldest()).isEqualTo(Duration.ofSeconds(12));
    assertThat(scrapes.lacking(OWNER, Optional.empty(), 3))
        .contains("has scraped 2 of 3 routers since the stage began");
  }

  @Test
  void whatWasScrapedInTheLastStageTellsNothing() {
    // A router that has just changed its stage is known by both for a while.
    Scrapes scrapes =
        Scrapes.of(List.of(age("p", "r1", 200), age("p", "r2", 1), age("q", "r1", 9)), "r2");
    assertThat(scrapes.known()).isEqualTo(2);
    assertThat(scrapes.oldest()).isEqualTo(Duration.ofSeconds(1));
    assertThat(scrapes.lacking(OWNER, Optional.empty(), 2))
        .contains("has scraped 1 of 2 routers since the stage began");
  }

  @Test
  void saysWhenNobodyIsScraped() {
    Scrapes none = Scrapes.of(List.of(), "r1");
    assertThat(none.lacking(OWNER, Optional.empty(), 2))
        .contains(
            "knows no series hone_router_candidate_weight of spam in namespace team: does it scrape"
                + " port 8002 of the routers' pods?");
    assertThat(none.lacking(OWNER, Optional.of("ns"), 2))
        .hasValueSatisfying(
            half ->
                assertThat(half)
                    .endsWith("routers' pods, and set the label ns to their namespace?"));
  }

  @Test
  void nothingPassesWhileNoRouterIsReady() {
    assertThat(Scrapes.of(List.of(age("p", "r1", 1)), "r2").lacking(OWNER, Optional.empty(), 0))
        .contains("has scraped 0 of 1 routers since the stage began");
  }
}
