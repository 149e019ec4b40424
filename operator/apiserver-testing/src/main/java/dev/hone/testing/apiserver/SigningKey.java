package dev.hone.testing.apiserver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** The key that service-account tokens are signed with. */
record SigningKey(Path privateKey, Path publicKey) {

  static SigningKey create(Path directory) throws IOException {
    KeyPair pair;
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      pair = generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    return new SigningKey(
        write(directory.resolve("sa.key"), "PRIVATE KEY", pair.getPrivate().getEncoded()),
        write(directory.resolve("sa.pub"), "PUBLIC KEY", pair.getPublic().getEncoded()));
  }

  private static Path write(Path file, String type, byte[] encoded) throws IOException {
    String body =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(encoded);
    return Files.writeString(
        file, "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
  }
}
