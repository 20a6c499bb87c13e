extension JSONScanner {
    /// Walks over the members of the object that comes next, `body` being called with the place of each.
    ///
    /// `path` names the object in errors. The value of a member has been validated when `body` gets it.
    package mutating func members(
        path: String = "", _ body: (Member) throws(JSONError) -> Void
    ) throws(JSONError) {
        do throws(JSONFault) {
            guard try lexer.require() == 0x7B else { throw JSONFault(.unexpectedByte, lexer.position) }
            lexer.position += 1
            if try lexer.require() == 0x7D {
                lexer.position += 1
                return
            }
        } catch {
            throw failure(error, path)
        }
        while true {
            let member: Member
            var current: JSONStringToken?
            do throws(JSONFault) {
                let token = try key()
                current = token
                member = Member(token: token, value: try skip(maxDepth: maxDepth - 1))
            } catch {
                let key = current.map { lexer.content(of: $0) }
                throw failure(error, key.map { JSONValue.join(path, $0) } ?? path)
            }
            try body(member)
            do throws(JSONFault) {
                let byte = try lexer.require()
                lexer.position += 1
                if byte == 0x7D { return }
                guard byte == 0x2C else { throw JSONFault(.unexpectedByte, lexer.position - 1) }
            } catch {
                throw failure(error, path)
            }
        }
    }

    /// Walks over the entries of the array that comes next, `body` being called with index and byte range of each.
    package mutating func elements(
        path: String = "", _ body: (Int, Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        var index = 0
        do throws(JSONFault) {
            guard try lexer.require() == 0x5B else { throw JSONFault(.unexpectedByte, lexer.position) }
            lexer.position += 1
            if try lexer.require() == 0x5D {
                lexer.position += 1
                return
            }
        } catch {
            throw failure(error, path)
        }
        while true {
            let range: Range<Int>
            do throws(JSONFault) { range = try skip(maxDepth: maxDepth - 1) } catch {
                throw failure(error, "\(path)[\(index)]")
            }
            try body(index, range)
            index += 1
            do throws(JSONFault) {
                let byte = try lexer.require()
                lexer.position += 1
                if byte == 0x5D { return }
                guard byte == 0x2C else { throw JSONFault(.unexpectedByte, lexer.position - 1) }
            } catch {
                throw failure(error, path)
            }
        }
    }
}
