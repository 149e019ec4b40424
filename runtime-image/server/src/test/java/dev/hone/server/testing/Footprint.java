package dev.hone.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process holds: the heap's live objects and the direct buffers in bytes, its threads,
 * its open files and connections, and what the kernel says of its memory, in bytes.
 */
public record Footprint(
    long heapBytes, long directBytes, int threads, long openFiles, long residentBytes) {
  private static final long MEBIBYTE = 1 << 20;

  /** Takes it, after a collection of garbage. */
  public static Footprint take() {
    // What the first finds unreachable may have to be finalized before its memory is free.
    System.gc();
    System.gc();
    long buffers =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    return new Footprint(
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
        buffers + Math.max(0, PlatformDependent.usedDirectMemory()),
        ManagementFactory.getThreadMXBean().getThreadCount(),
        ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
            .getOpenFileDescriptorCount(),
        resident());
  }

  /** Fails if there is more of anything than before, beyond what pools and caches take. */
  public void assertNoMoreThan(Footprint before) {
    assertThat(heapBytes - before.heapBytes).as("more heap").isLessThan(8 * MEBIBYTE);
    assertThat(directBytes - before.directBytes).as("more direct").isLessThan(16 * MEBIBYTE);
    assertThat(threads - before.threads).as("more threads").isLessThan(8);
    assertThat(openFiles - before.openFiles).as("more open files").isLessThan(16);
  }

  private static long resident() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
