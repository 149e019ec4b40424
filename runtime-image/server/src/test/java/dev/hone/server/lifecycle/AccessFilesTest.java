package dev.hone.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessFilesTest {
  @TempDir Path folder;

  @Test
  void withoutSettingsThereIsNothingWrong() {
    assertThat(new AccessFiles(Map.of()).problem()).isEmpty();
  }

  @Test
  void namesTheFileThatIsMissing() throws IOException {
    Map<String, String> settings =
        Map.of("HONE_TLS", folder.toString(), "HONE_TLS_CLIENT_AUTH", "Required");
    Files.createFile(folder.resolve("tls.crt"));
    assertThat(new AccessFiles(settings).problem()).get().asString().contains("tls.key cannot be");
    Files.createFile(folder.resolve("tls.key"));

    assertThat(new AccessFiles(settings).problem())
        .contains(
            "HONE_TLS is %s, where ca.crt cannot be read: name a folder with tls.crt, tls.key, ca.crt"
                .formatted(folder));
    assertThat(new AccessFiles(Map.of("HONE_TLS", folder.toString())).problem()).isEmpty();
  }

  @Test
  void certificatesOfClientsNeedAnAuthority() {
    assertThat(new AccessFiles(Map.of("HONE_TLS_CLIENT_AUTH", "Required")).problem())
        .contains("HONE_TLS_CLIENT_AUTH is Required without HONE_TLS: name a folder there");
    assertThat(new AccessFiles(Map.of("HONE_TLS_CLIENT_NAME", "r.team.svc")).problem())
        .contains(
            "HONE_TLS_CLIENT_NAME is r.team.svc, and clients show no certificate: set HONE_TLS_CLIENT_AUTH to Required");
    assertThat(new AccessFiles(Map.of("HONE_TLS_CLIENT_AUTH", "yes")).problem())
        .contains("HONE_TLS_CLIENT_AUTH is yes: write Required or None");
  }

  @Test
  void namesTheFileOfKeysThatIsMissing() throws IOException {
    Path keys = folder.resolve("keys");
    Map<String, String> settings = Map.of("HONE_API_KEY_FILE", keys.toString());

    assertThat(new AccessFiles(settings).problem())
        .get()
        .asString()
        .contains("which cannot be read: name a file with a key on each line");
    Files.createFile(keys);
    assertThat(new AccessFiles(settings).problem()).isEmpty();
  }
}
