import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Says what String.matches, replaceAll with <$0>, and split with -1 make of an expression and a text: both base64 in a line, the
 * answers in a line, or ERR.
 */
public class Driver {
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "US-ASCII"));
    PrintStream out = new PrintStream(System.out, false, "US-ASCII");
    String line;
    while ((line = in.readLine()) != null) {
      String[] fields = line.split(" ", -1);
      String re = decode(fields[0]);
      String s = decode(fields[1]);
      try {
        out.println(s.matches(re) + " " + encode(s.replaceAll(re, "<$0>")) + " " + encode(String.join("\0", s.split(re, -1))));
      } catch (RuntimeException e) {
        out.println("ERR");
      }
    }
    out.flush();
  }

  static String decode(String s) {
    return new String(Base64.getDecoder().decode(s), StandardCharsets.UTF_8);
  }

  static String encode(String s) {
    return Base64.getEncoder().encodeToString(s.getBytes(StandardCharsets.UTF_8));
  }
}
