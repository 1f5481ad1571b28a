// SPDX-License-Identifier: GPL-2.0
//
// Heap MIB PAUSE - a Java heap, for tests/debian
//
// Fills it, makes PAUSE.ready, and waits for PAUSE.go. Then all must be as it was, also after
// a garbage collection that moved it, and while more garbage is made.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;

class Heap {
	private static final int PIECE = 2048;
	private final Map<Integer, byte[]> map = new HashMap<>();

	// Each other piece is garbage at once, so that a collection has something to close up.
	private Heap(int mib) {
		Random random = new Random(1);
		byte[] piece = null;

		for (int i = 0; i < mib * (1 << 20) / PIECE; i++) {
			piece = new byte[PIECE];
			random.nextBytes(piece);
			map.put(i, piece);
			if (i % 4 == 3)
				map.put(i - 1, piece.clone());
		}
	}

	private long sum() {
		CRC32 crc = new CRC32();

		for (int i = 0; i < map.size(); i++)
			crc.update(map.get(i));
		return crc.getValue();
	}

	private void mustBe(long want, String when) {
		if (sum() != want) {
			System.err.println("the heap is wrong " + when);
			System.exit(1);
		}
	}

	private static void pause(String name) throws Exception {
		Files.createFile(Path.of(name + ".ready"));
		while (!Files.exists(Path.of(name + ".go")))
			Thread.sleep(50);
	}

	public static void main(String[] args) throws Exception {
		Heap heap = new Heap(Integer.parseInt(args[0]));
		long want = heap.sum();

		System.gc();
		pause(args[1]);
		heap.mustBe(want, "as it comes back");
		for (int i = 2; i < heap.map.size(); i += 16)
			heap.map.put(i, heap.map.get(i).clone());
		System.gc();
		heap.mustBe(want, "after a collection");
	}
}
